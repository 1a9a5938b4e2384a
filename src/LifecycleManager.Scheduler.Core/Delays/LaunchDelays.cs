using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Delays;

/// <summary>Delays of launches after failures: each failure of a configuration makes its next launch wait longer.</summary>
internal sealed class LaunchDelays(CoreContext context, AppCatalog catalog)
{
    private readonly Dictionary<AppId, (LaunchDelay Delay, DateTimeOffset Config)> _delays = [];

    /// <summary>One more failure of an app's configuration; another than before starts without a delay.</summary>
    public void Extend(AppEntry entry, Instance failed, ClockReading now)
    {
        var backoff = (entry.DefinitionOf(failed.Version) ?? entry.Record.Definition).Backoff;
        var delay = DelayOf(entry.Id, failed.ConfigVersion)
            .Failed(backoff.Initial, backoff.Factor, backoff.Maximum, now.Clock - failed.StartedClock, now.Clock);
        _delays[entry.Id] = (delay, failed.ConfigVersion);
        var stored = new StoredDelay(
            entry.Id.Path, Timestamps.Write(failed.ConfigVersion), StateMapping.Write(delay.Current)!.Value,
            StateMapping.Write(now.Clock)!.Value);
        context.Effects.Put(SchedulerKeys.Delay(entry.Id), StateMapping.Write(stored, StoredJson.Default.StoredDelay));
    }

    public void Restore(StoredDelay stored)
    {
        var app = new AppId(stored.App);
        if (!catalog.Apps.ContainsKey(app)) return;
        var delay = TimeSpan.FromMilliseconds(stored.Delay);
        _delays[app] = (
            new LaunchDelay(delay, TimeSpan.FromMilliseconds(stored.FailedClock) + delay), Timestamps.Read(stored.Config));
    }

    /// <summary>No launch of a configuration before this reading of the scheduler's clock; zero without a delay.</summary>
    public TimeSpan Until(AppId app, DateTimeOffset config) => DelayOf(app, config).Until;

    /// <summary>Ends an app's delay.</summary>
    public void Forget(AppId app)
    {
        if (_delays.Remove(app)) context.Effects.Delete(SchedulerKeys.Delay(app));
    }

    private LaunchDelay DelayOf(AppId app, DateTimeOffset config) =>
        _delays.TryGetValue(app, out var known) && known.Config == config ? known.Delay : default;
}
