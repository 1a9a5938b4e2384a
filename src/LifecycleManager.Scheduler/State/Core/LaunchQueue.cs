using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.State.Core;

/// <summary>
/// Apps with instances that wait to be launched: which may be launched now, and asking the master for offers while any may.
/// </summary>
internal sealed class LaunchQueue(CoreContext context, AppCatalog catalog, Subscription connection)
{
    // Many changes in a row ask for offers once; the first of them asks at once.
    private static readonly TimeSpan ReviveInterval = TimeSpan.FromMilliseconds(200);

    private readonly HashSet<AppId> _waiting = [];
    private bool _suppressed;
    private bool _reviveWanted;
    private TimeSpan _revivedAt = -ReviveInterval;

    /// <summary>
    /// A launch that has waited for this is not helped by offers alone: before, one with room may be on its way.
    /// </summary>
    public static readonly TimeSpan LongWait = TimeSpan.FromSeconds(3);

    /// <summary>When a launch will have waited for long; the end of time where none waits.</summary>
    public TimeSpan LongWaitDue { get; private set; } = TimeSpan.MaxValue;

    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Whether any launch is delayed.</summary>
    public bool HasDelayed(TimeSpan now) => _waiting.Any(app => DelayedUntil(catalog.Apps[app]) > now);

    /// <summary>A new subscription: the master knows of no wish for offers yet.</summary>
    public void Subscribed()
    {
        _suppressed = false;
        _reviveWanted = false;
    }

    /// <summary>Long waits have been looked at: those that go on are looked at again.</summary>
    public void LookAgain(TimeSpan now)
    {
        LongWaitDue = TimeSpan.MaxValue;
        foreach (var app in _waiting)
        {
            var due = Clock.Later(catalog.Apps[app].Waiting!.Since.Clock + LongWait, now + CoreContext.RecheckInterval, now);
            LongWaitDue = Clock.Earlier(LongWaitDue, due);
        }
    }

    public TimeSpan NextLaunch(TimeSpan now)
    {
        var next = TimeSpan.MaxValue;
        if (_reviveWanted) next = _revivedAt + ReviveInterval;
        foreach (var app in _waiting)
        {
            var until = DelayedUntil(catalog.Apps[app]);
            if (until > now) next = Clock.Earlier(next, until);
            else if (catalog.Apps[app].Waiting!.IsDelayed) next = now;
        }

        return next;
    }

    /// <summary>Makes an app wait for so many instances; 0 takes it from the queue.</summary>
    public void SetWanted(AppEntry entry, AppRecord record, int count, Moment now)
    {
        if (count == 0)
        {
            if (entry.Waiting is not null) Remove(entry);
            return;
        }

        if (entry.Waiting is null)
        {
            entry.Waiting = new WaitingLaunch { Record = record, Count = count, Since = now };
            _waiting.Add(entry.Id);
            LongWaitDue = Clock.Earlier(LongWaitDue, now.Clock + LongWait);
        }
        else
        {
            entry.Waiting.Record = record;
            entry.Waiting.Count = count;
        }

        // Whatever brought us here may have made room: look at all offers again.
        _reviveWanted = true;
        catalog.MarkStale(entry.Id);
    }

    /// <summary>Takes an app from the queue.</summary>
    public void Remove(AppEntry entry)
    {
        entry.Waiting = null;
        _waiting.Remove(entry.Id);
        catalog.MarkStale(entry.Id);
    }

    public static TimeSpan DelayedUntil(AppEntry entry) =>
        entry.Waiting is { } waiting ? entry.DelayFor(waiting.Record.LastConfigChangeAt).Until : TimeSpan.Zero;

    public bool ResetDelay(AppId app)
    {
        if (!catalog.Apps.TryGetValue(app, out var entry) || entry.Waiting is null) return false;
        entry.Delay = default;
        context.Effects.Delete(SchedulerKeys.Delay(app));
        entry.Waiting.IsDelayed = false;
        _reviveWanted = true;
        catalog.MarkStale(app);
        return true;
    }

    public List<AppEntry> Launchable(Moment now)
    {
        var launchable = new List<AppEntry>();
        foreach (var app in _waiting)
        {
            var entry = catalog.Apps[app];
            var delayed = DelayedUntil(entry) > now.Clock;
            if (!delayed) launchable.Add(entry);
            if (entry.Waiting!.IsDelayed && !delayed) _reviveWanted = true;
            entry.Waiting.IsDelayed = delayed;
        }

        launchable.Sort((left, right) =>
        {
            var priority = PriorityOf(right).CompareTo(PriorityOf(left));
            if (priority != 0) return priority;
            var since = left.Waiting!.Since.CompareTo(right.Waiting!.Since);
            return since != 0 ? since : string.CompareOrdinal(left.Id.Path, right.Id.Path);
        });
        return launchable;
    }

    public IReadOnlyList<Neighbour> Neighbours() => AppPlacement.Neighbours(catalog.Apps.Values
        .Select(entry => (entry.Waiting?.Record.Definition ?? entry.Record.Definition,
            (IEnumerable<Instance>)entry.Instances.Values)));

    public static int PriorityOf(AppEntry entry) => PlacementLabels.Priority(entry.Record.Definition.Labels);

    /// <summary>Asks for offers when a launch can go on, and for none when none can.</summary>
    public void AskForOffers(Moment now)
    {
        if (!connection.IsConnected) return;
        if (Launchable(now).Count == 0)
        {
            _reviveWanted = false;
            if (_suppressed) return;
            _suppressed = true;
            connection.Call(new SchedulerCall { Type = CallType.Suppress });
            return;
        }

        if (!_reviveWanted || now.Clock < _revivedAt + ReviveInterval) return;
        _reviveWanted = false;
        _suppressed = false;
        _revivedAt = now.Clock;
        connection.Call(new SchedulerCall { Type = CallType.Revive });
    }

    /// <summary>The queue, by the ids of the apps.</summary>
    public IEnumerable<LaunchQueueItem> Show(Moment settled) =>
        _waiting.Select(app => catalog.Apps[app]).OrderBy(entry => entry.Id.Path, StringComparer.Ordinal)
        .Select(entry => Show(entry, settled));

    private static LaunchQueueItem Show(AppEntry entry, Moment settled)
    {
        var waiting = entry.Waiting!;
        var until = DelayedUntil(entry);
        return new LaunchQueueItem
        {
            Definition = waiting.Record.Definition,
            Count = waiting.Count,
            Since = waiting.Since.Wall,
            DelayedUntil = until == default ? null : settled.Wall.Plus(until - settled.Clock),
            ProcessedOffers = waiting.Processed,
            UnusedOffers = waiting.Unused,
            LastUnusedOfferAt = waiting.LastUnusedAt,
            LastUsedOfferAt = waiting.LastUsedAt,
            LastOffers = Cascade(waiting.LastRound.Processed, waiting.LastRound.Refused),
            Attempt = Cascade(waiting.Processed, waiting.RefusedInAll),
            LastRefused = [.. waiting.LastRefused.Values.OrderByDescending(refusal => refusal.At)],
        };
    }

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
