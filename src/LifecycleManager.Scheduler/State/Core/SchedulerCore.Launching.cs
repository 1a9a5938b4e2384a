using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.State.Core;

// Offers: asking for them while a launch waits, using them, giving them back.
internal sealed partial class SchedulerCore
{
    // While a launch waits, an offer that did not fit is worth another look after a while; without one there are no offers at all.
    private const double RefuseWhileWaiting = 10;
    private const double RefuseWhileIdle = 300;

    // Many changes in a row ask for offers once; the first of them asks at once.
    private static readonly TimeSpan ReviveInterval = TimeSpan.FromMilliseconds(200);

    private readonly List<Offer> _offers = [];
    private readonly HashSet<AppId> _waiting = [];
    private bool _suppressed;
    private bool _reviveWanted;
    private TimeSpan _revivedAt = -ReviveInterval;

    private TimeSpan NextLaunch(TimeSpan now)
    {
        var next = TimeSpan.MaxValue;
        if (_reviveWanted) next = _revivedAt + ReviveInterval;
        foreach (var app in _waiting)
        {
            var until = DelayedUntil(_apps[app]);
            if (until > now) next = Earlier(next, until);
            else if (_apps[app].Waiting!.IsDelayed) next = now;
        }

        return next;
    }

    /// <summary>Makes an app wait for so many instances; 0 takes it from the queue.</summary>
    private void Want(AppEntry entry, AppRecord record, int count, Moment now)
    {
        if (count == 0)
        {
            if (entry.Waiting is null) return;
            entry.Waiting = null;
            _waiting.Remove(entry.Id);
            _stale.Add(entry.Id);
            return;
        }

        if (entry.Waiting is null)
        {
            entry.Waiting = new WaitingLaunch { Record = record, Count = count, Since = now };
            _waiting.Add(entry.Id);
            _preemptAt = Earlier(_preemptAt, now.Clock + BeforePreemption);
        }
        else
        {
            entry.Waiting.Record = record;
            entry.Waiting.Count = count;
        }

        // Whatever brought us here may have made room: look at all offers again.
        _reviveWanted = true;
        _stale.Add(entry.Id);
    }

    private static TimeSpan DelayedUntil(AppEntry entry) =>
        entry.Waiting is { } waiting ? entry.DelayFor(waiting.Record.LastConfigChangeAt).Until : TimeSpan.Zero;

    private bool ResetDelay(AppId app)
    {
        if (!_apps.TryGetValue(app, out var entry) || entry.Waiting is null) return false;
        entry.Delay = default;
        _effects.Delete(StateKeys.Delay(app));
        entry.Waiting.IsDelayed = false;
        _reviveWanted = true;
        _stale.Add(app);
        return true;
    }

    private List<AppEntry> Launchable(Moment now)
    {
        var launchable = new List<AppEntry>();
        foreach (var app in _waiting)
        {
            var entry = _apps[app];
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

    private IReadOnlyList<Neighbour> Neighbours() => AppPlacement.Neighbours(_apps.Values
        .Select(entry => (entry.Waiting?.Record.Definition ?? entry.Record.Definition, (IEnumerable<Instance>)entry.Instances.Values)));

    private static int PriorityOf(AppEntry entry) => PlacementLabels.Priority(entry.Record.Definition.Labels);

    private void UseOffers(Moment now)
    {
        if (_offers.Count == 0) return;
        var offers = _offers.ToList();
        _offers.Clear();
        if (!IsConnected) return;

        var launchable = Launchable(now);
        if (launchable.Count == 0)
        {
            Decline(offers, RefuseWhileIdle);
            return;
        }

        var agents = AgentPool.From(offers);
        var neighbours = Neighbours();
        var requests = launchable.ConvertAll(entry => AppPlacement.Request(
            entry.Waiting!.Record.Definition, entry.Waiting.Count, entry.Instances.Values, neighbours, _options.Placement));
        var result = Placer.Place(agents, requests, _random);
        var launches = new Launches?[agents.Count];
        foreach (var placement in result.Placements)
        {
            var entry = launchable[placement.Request];
            Launch(launches[placement.Agent] ??= new Launches(), entry, entry.Waiting!.Record, agents[placement.Agent], placement, now);
        }

        for (var index = 0; index < launchable.Count; index++)
            Account(launchable[index], requests[index], result.Outcomes[index], agents, now);

        _leftOver.Clear();
        foreach (var agent in agents) _leftOver[agent.AgentId] = (agent, now.Clock);

        var stillWaiting = launchable.Exists(entry => entry.Waiting is not null);
        var refuse = stillWaiting ? RefuseWhileWaiting : RefuseWhileIdle;
        var unused = new List<Offer>();
        for (var index = 0; index < agents.Count; index++)
        {
            if (launches[index] is { } launched) Accept(agents[index], launched, refuse);
            else unused.AddRange(agents[index].Offers);
        }

        Decline(unused, refuse);
    }

    private void Launch(
        Launches launches, AppEntry entry, AppRecord record, AgentPool agent, Placement.Placement placement, Moment now)
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        var staged = Instants.Truncate(now.Wall);
        var instance = new Instance
        {
            TaskId = record.Definition.IsPod ? TaskIds.MakePod(entry.Id, new Guid(bytes)) : TaskIds.Make(entry.Id, new Guid(bytes)),
            AppId = entry.Id,
            Version = record.Definition.Version,
            ConfigVersion = record.LastConfigChangeAt,
            AgentId = agent.AgentId,
            Host = agent.Host,
            Ports = placement.Ports,
            Attributes = agent.Attributes,
            Region = agent.Region,
            Zone = agent.Zone,
            Role = placement.Taken.Count > 0 ? placement.Taken[0].From.Role : "*",
            State = InstanceState.Provisioned,
            Tasks = [.. record.Definition.Containers.Select(container => new PodTask(container.Name, InstanceState.Provisioned, staged))],
            StagedAt = staged,
            StagedClock = now.Clock,
            Since = staged,
            Ready = record.Definition.ReadinessChecks.Count == 0,
        };
        if (record.Definition.Version != entry.Record.Definition.Version) entry.Older.TryAdd(record.Definition.Version, record);
        Put(entry, instance);
        _effects.Counts.Add(new LaunchCounted(entry.Id));
        Publish(EventMessages.InstanceChanged(now.Wall, instance));
        if (record.Definition.IsPod) launches.Groups.Add(PodTaskGroup.Build(record.Definition, instance, placement.Taken, _options.User));
        else launches.Tasks.Add(TaskInfoBuilder.Build(record.Definition, instance, placement.Taken, _options.User));
    }

    /// <summary>Writes down what became of the offers, for those who ask why an instance waits.</summary>
    private void Account(
        AppEntry entry, PlacementRequest request, RequestOutcome outcome, IReadOnlyList<AgentPool> agents, Moment now)
    {
        var waiting = entry.Waiting!;
        waiting.Processed += outcome.Processed;
        waiting.LastRound = (outcome.Processed, outcome.RefusedBy);
        if (outcome.Placed > 0) waiting.LastUsedAt = now.Wall;
        var refused = 0;
        for (var reason = 0; reason < outcome.RefusedBy.Length; reason++)
        {
            if (outcome.RefusedBy[reason] == 0) continue;
            refused += outcome.RefusedBy[reason];
            waiting.RefusedInAll[reason] += outcome.RefusedBy[reason];
            _effects.Counts.Add(new RefusalCounted(Refusals.Order[reason], outcome.RefusedBy[reason]));
        }

        waiting.Unused += refused;
        waiting.Count -= outcome.Placed;
        _stale.Add(entry.Id);
        if (waiting.Count <= 0)
        {
            entry.Waiting = null;
            _waiting.Remove(entry.Id);
            return;
        }

        if (refused == 0) return;
        waiting.LastUnusedAt = now.Wall;
        var existing = AppPlacement.Existing(entry.Instances.Values);
        foreach (var (index, reasons) in outcome.Refused)
        {
            var agent = agents[index];
            if (waiting.LastRefused.Count >= Placer.MaxSamples && !waiting.LastRefused.ContainsKey(agent.AgentId))
                waiting.LastRefused.Remove(waiting.LastRefused.MinBy(refusal => refusal.Value.At).Key);
            waiting.LastRefused[agent.AgentId] = new RefusedOffer(
                agent.Offers[0],
                now.Wall,
                [.. reasons.Each().Select(reason => reason.ToString())],
                string.Join("; ", Placer.Explain(request, agent, existing)));
        }
    }

    private void Accept(AgentPool agent, Launches launches, double refuse) => Call(new SchedulerCall
    {
        Type = CallType.Accept,
        Accept = new AcceptCall([.. agent.Offers.Select(offer => offer.Id)], launches.Operations, new Filters { RefuseSeconds = refuse }),
    });

    private void Decline(List<Offer> offers, double refuse)
    {
        if (offers.Count == 0) return;
        Call(new SchedulerCall
        {
            Type = CallType.Decline,
            Decline = new DeclineCall([.. offers.Select(offer => offer.Id)], new Filters { RefuseSeconds = refuse }),
        });
    }

    /// <summary>Asks for offers when a launch can go on, and for none when none can.</summary>
    private void AskForOffers(Moment now)
    {
        if (!IsConnected) return;
        if (Launchable(now).Count == 0)
        {
            _reviveWanted = false;
            if (_suppressed) return;
            _suppressed = true;
            Call(new SchedulerCall { Type = CallType.Suppress });
            return;
        }

        if (!_reviveWanted || now.Clock < _revivedAt + ReviveInterval) return;
        _reviveWanted = false;
        _suppressed = false;
        _revivedAt = now.Clock;
        Call(new SchedulerCall { Type = CallType.Revive });
    }

    /// <summary>What is launched on one agent.</summary>
    private sealed class Launches
    {
        public List<TaskInfo> Tasks { get; } = [];

        public List<LaunchGroupOperation> Groups { get; } = [];

        public IReadOnlyList<Operation> Operations =>
        [
            .. Tasks.Count == 0 ? Array.Empty<Operation>() : [new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(Tasks) }],
            .. Groups.Select(group => new Operation { Type = OperationType.LaunchGroup, LaunchGroup = group }),
        ];
    }
}
