using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>The targets that the scheduler, other sources and the options know, joined.</summary>
internal sealed class TargetSources
{
    private readonly Target[] _static;
    private readonly List<DiscoveryJob> _discoveries = [];
    private TargetSnapshot? _scheduler;
    private Dictionary<string, (TargetApp App, List<Target> Targets)> _joined = [];
    private ILookup<string, string> _eurekaApps = Array.Empty<string>().ToLookup(name => name);
    private int _discovered = 1;

    /// <param name="context">What all scrapes share.</param>
    /// <param name="schedule">Gets the jobs of the other sources.</param>
    /// <param name="wake">Called from another thread when another source has new targets.</param>
    public TargetSources(ScrapeContext context, ScrapeSchedule schedule, Action wake)
    {
        _static = [.. context.Options.StaticTargets.SelectMany(group => group.Read("static"))];
        if (context.Options.Eurekas is { } eurekas)
            _discoveries.Add(new EurekaJob(context, eurekas, () => Volatile.Read(ref _eurekaApps)));
        _discoveries.AddRange(context.Options.TargetFiles.Select(pattern => new FileJob(context, pattern)));
        foreach (var discovery in _discoveries)
        {
            discovery.Changed = () =>
            {
                Volatile.Write(ref _discovered, 1);
                wake();
            };
            schedule.Add(discovery);
        }
    }

    /// <summary>Takes in what is new; false where nothing is.</summary>
    /// <param name="scheduler">What the scheduler knows; null before it has answered.</param>
    public bool Update(TargetSnapshot? scheduler)
    {
        var isDiscovered = Interlocked.Exchange(ref _discovered, 0) != 0;
        if (!isDiscovered && ReferenceEquals(scheduler, _scheduler)) return false;
        _scheduler = scheduler;
        Volatile.Write(ref _eurekaApps, (scheduler?.Apps.Values ?? []).Where(app => app.Labels.Eureka is not null)
            .ToLookup(app => app.Labels.Eureka!.ToLowerInvariant(), app => app.Id));
        _joined = TargetJoin.Join(scheduler, _discoveries.Select(discovery => discovery.Targets).Append(_static));
        return true;
    }

    /// <summary>An app and its targets; null where no source knows it.</summary>
    public (TargetApp App, IReadOnlyList<Target> Targets)? Find(string app) => _joined.TryGetValue(app, out var found)
        ? found : null;
}
