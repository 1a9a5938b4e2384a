using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>Instances of one version of an app that wait for offers, and what became of the offers so far.</summary>
internal sealed class WaitingLaunch(AppEntry entry, AppRecord record, int count, ClockReading since)
{
    private readonly int[] _refused = new int[Refusals.Order.Count];
    private readonly Dictionary<string, RefusedOffer> _lastRefused = new(StringComparer.Ordinal);
    private (int Processed, int[] Refused) _lastRound = (0, new int[Refusals.Order.Count]);
    private int _processed;
    private int _unused;
    private DateTimeOffset? _lastUnusedAt;
    private DateTimeOffset? _lastUsedAt;

    public AppEntry Entry { get; } = entry;

    /// <summary>The version that is launched: not the app's own while a deployment launches an older one anew.</summary>
    public AppRecord Record { get; private set; } = record;

    public int Count { get; private set; } = count;

    public ClockReading Since { get; } = since;

    /// <summary>The app's priority: the higher is launched first.</summary>
    public int Priority => PlacementLabels.Priority(Entry.Record.Definition.Labels);

    /// <summary>The launch was delayed when offers were last asked for.</summary>
    public bool IsDelayed { get; set; }

    public void Change(AppRecord record, int count) => (Record, Count) = (record, count);

    /// <summary>Counts what a round of offers came to.</summary>
    public void Add(RequestOutcome outcome, DateTimeOffset now)
    {
        var refused = outcome.RefusedBy.Sum();
        for (var reason = 0; reason < outcome.RefusedBy.Length; reason++) _refused[reason] += outcome.RefusedBy[reason];
        _lastRound = (outcome.Processed, outcome.RefusedBy);
        _processed += outcome.Processed;
        _unused += refused;
        Count -= outcome.Placed;
        if (outcome.Placed > 0) _lastUsedAt = now;
        if (refused > 0) _lastUnusedAt = now;
    }

    /// <summary>Keeps an agent's refused offer, for those who ask why it waits; of many agents the latest.</summary>
    public void Keep(string agentId, RefusedOffer refusal)
    {
        if (_lastRefused.Count >= Placer.MaxSamples && !_lastRefused.ContainsKey(agentId))
            _lastRefused.Remove(_lastRefused.MinBy(kept => kept.Value.At).Key);
        _lastRefused[agentId] = refusal;
    }

    public LaunchQueueItem Show(DateTimeOffset? delayedUntil) => new()
    {
        Definition = Record.Definition,
        Count = Count,
        Since = Since.Wall,
        DelayedUntil = delayedUntil,
        ProcessedOffers = _processed,
        UnusedOffers = _unused,
        LastUnusedOfferAt = _lastUnusedAt,
        LastUsedOfferAt = _lastUsedAt,
        LastOffers = Cascade(_lastRound.Processed, _lastRound.Refused),
        Attempt = Cascade(_processed, _refused),
        LastRefused = [.. _lastRefused.Values.OrderByDescending(refusal => refusal.At)],
    };

    // Each check sees what the ones before it let through.
    private static RefusalCount[] Cascade(int processed, int[] refused)
    {
        var counts = new RefusalCount[refused.Length];
        for (var reason = 0; reason < refused.Length; reason++)
        {
            counts[reason] = new RefusalCount(Refusals.Order[reason].ToString(), refused[reason], processed);
            processed -= refused[reason];
        }

        return counts;
    }
}
