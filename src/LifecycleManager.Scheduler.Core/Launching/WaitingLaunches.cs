using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Delays;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>
/// Apps with instances that wait to be launched: which may be launched now, and asking the master for offers while any may.
/// </summary>
internal sealed class WaitingLaunches(
    AppCatalog catalog, MasterSubscription connection, LaunchDelays delays, AdmissionGate admission)
{
    // Many changes in a row ask for offers once; the first of them asks at once.
    private static readonly TimeSpan ReviveInterval = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<AppId, WaitingLaunch> _waiting = [];
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
    public bool HasDelayed(TimeSpan now) => _waiting.Values.Any(launch => DelayedUntil(launch) > now);

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
        foreach (var launch in _waiting.Values)
        {
            var due = Instants.Later(launch.Since.Clock + LongWait, now + CoreContext.RecheckInterval, now);
            LongWaitDue = Instants.Earlier(LongWaitDue, due);
        }
    }

    public TimeSpan NextLaunch(TimeSpan now)
    {
        var next = TimeSpan.MaxValue;
        if (_reviveWanted) next = _revivedAt + ReviveInterval;
        foreach (var launch in _waiting.Values)
        {
            var until = DelayedUntil(launch);
            if (until > now) next = Instants.Earlier(next, until);
            else if (launch.IsDelayed) next = now;
        }

        return next;
    }

    /// <summary>Makes an app wait for so many instances; 0 takes it from the queue.</summary>
    public void SetWanted(AppEntry entry, AppRecord record, int count, ClockReading now)
    {
        if (count == 0)
        {
            if (_waiting.ContainsKey(entry.Id)) Remove(entry.Id);
            return;
        }

        if (_waiting.TryGetValue(entry.Id, out var launch))
        {
            launch.Change(record, count);
        }
        else
        {
            _waiting[entry.Id] = new WaitingLaunch(entry, record, count, now);
            LongWaitDue = Instants.Earlier(LongWaitDue, now.Clock + LongWait);
        }

        // Whatever brought us here may have made room: look at all offers again.
        _reviveWanted = true;
        catalog.MarkStale(entry.Id);
    }

    /// <summary>Other rules say what may be launched: each app is decided about anew.</summary>
    public void AdmissionChanged()
    {
        foreach (var app in catalog.Apps.Keys) catalog.Touch(app);
        _reviveWanted = true;
    }

    /// <summary>Takes an app from the queue.</summary>
    public void Remove(AppId app)
    {
        _waiting.Remove(app);
        catalog.MarkStale(app);
    }

    public bool ResetDelay(AppId app)
    {
        if (!_waiting.TryGetValue(app, out var launch)) return false;
        delays.Forget(app);
        launch.IsDelayed = false;
        _reviveWanted = true;
        catalog.MarkStale(app);
        return true;
    }

    /// <summary>What may be launched now, the most urgent first.</summary>
    public List<WaitingLaunch> Launchable(ClockReading now)
    {
        var launchable = new List<WaitingLaunch>();
        foreach (var launch in _waiting.Values)
        {
            var delayed = DelayedUntil(launch) > now.Clock;
            if (!delayed && admission.Problems(launch.Record.Definition).Count == 0) launchable.Add(launch);
            if (launch.IsDelayed && !delayed) _reviveWanted = true;
            launch.IsDelayed = delayed;
        }

        launchable.Sort((left, right) =>
        {
            var priority = right.Priority.CompareTo(left.Priority);
            if (priority != 0) return priority;
            var since = left.Since.CompareTo(right.Since);
            return since != 0 ? since : string.CompareOrdinal(left.Entry.Id.Path, right.Entry.Id.Path);
        });
        return launchable;
    }

    public IReadOnlyList<Neighbour> Neighbours() => AppPlacement.Neighbours(catalog.Apps.Values
        .Select(entry => ((_waiting.GetValueOrDefault(entry.Id)?.Record ?? entry.Record).Definition,
            (IEnumerable<Instance>)entry.Instances.Values)));

    /// <summary>Asks for offers when a launch can go on, and for none when none can.</summary>
    public void AskForOffers(ClockReading now)
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
    public IEnumerable<LaunchQueueItem> Show(ClockReading settled) =>
        from launch in _waiting.Values.OrderBy(launch => launch.Entry.Id.Path, StringComparer.Ordinal)
        let until = DelayedUntil(launch)
        select launch.Show(until == default ? null : settled.Wall.Plus(until - settled.Clock)) with
        {
            NotAdmitted = admission.WhyNot(launch.Record.Definition),
        };

    private TimeSpan DelayedUntil(WaitingLaunch launch) => delays.Until(launch.Entry.Id, launch.Record.LastConfigChangeAt);
}
