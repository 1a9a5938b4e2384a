using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Launching;

namespace LifecycleManager.Scheduler.State.Core;

/// <summary>Delays of launches after failures: each failure of a configuration makes its next launch wait longer.</summary>
internal sealed class LaunchDelays(CoreContext context, AppCatalog catalog)
{
    public void Extend(AppEntry entry, Instance failed, Moment now)
    {
        var backoff = (entry.DefinitionOf(failed.Version) ?? entry.Record.Definition).Backoff;
        entry.Delay = entry.DelayFor(failed.ConfigVersion)
            .Failed(backoff.Initial, backoff.Factor, backoff.Maximum, now.Clock - failed.StartedClock, now.Clock);
        entry.DelayOf = failed.ConfigVersion;
        var stored = new StoredDelay(
            entry.Id.Path, Instants.Write(entry.DelayOf), StateMapping.Write(entry.Delay.Current)!.Value,
            StateMapping.Write(now.Clock)!.Value);
        context.Effects.Put(SchedulerKeys.Delay(entry.Id), StateMapping.Write(stored, StoredJson.Default.StoredDelay));
    }

    public void Restore(StoredDelay stored)
    {
        if (!catalog.Apps.TryGetValue(new AppId(stored.App), out var entry)) return;
        var delay = TimeSpan.FromMilliseconds(stored.Delay);
        entry.Delay = new LaunchDelay(delay, TimeSpan.FromMilliseconds(stored.FailedClock) + delay);
        entry.DelayOf = Instants.Read(stored.Config);
    }
}
