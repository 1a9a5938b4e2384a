using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>Offers: using them for the launches that wait, giving the others back, and remembering what was left.</summary>
internal sealed class OfferMatcher(
    CoreContext context, AppCatalog catalog, MasterSubscription connection, InstanceTracker tracker, WaitingLaunches queue)
{
    // While a launch waits, an offer that did not fit is worth another look after a while; without one there are no offers at
    // all.
    private const double RefuseWhileWaiting = 10;
    private const double RefuseWhileIdle = 300;
    private static readonly TimeSpan OfferMemory = TimeSpan.FromSeconds(60);

    private readonly List<Offer> _offers = [];

    // What was left of each agent's last offers.
    private readonly Dictionary<string, (AgentPool Agent, TimeSpan At)> _leftOver = new(StringComparer.Ordinal);

    public void Add(IEnumerable<Offer> offers) => _offers.AddRange(offers);

    /// <summary>The master has taken an offer back.</summary>
    public void Rescind(OfferId? offer) => _offers.RemoveAll(known => known.Id == offer);

    /// <summary>The subscription is over, and its offers with it.</summary>
    public void Clear() => _offers.Clear();

    public void UseOffers(ClockReading now)
    {
        if (_offers.Count == 0) return;
        var offers = _offers.ToList();
        _offers.Clear();
        if (!connection.IsConnected) return;

        var launchable = queue.Launchable(now);
        if (launchable.Count == 0)
        {
            Decline(offers, RefuseWhileIdle);
            return;
        }

        var agents = AgentPool.From(offers);
        var neighbours = queue.Neighbours();
        var requests = launchable.ConvertAll(launch => AppPlacement.Request(
            launch.Record.Definition, launch.Count, launch.Entry.Instances.Values, neighbours,
            context.Options.Placement));
        var result = Placer.Place(agents, requests, context.Random);
        var launches = new AgentLaunches?[agents.Count];
        foreach (var placement in result.Placements)
        {
            Launch(launches[placement.Agent] ??= new AgentLaunches(), launchable[placement.Request], agents[placement.Agent],
                placement, now);
        }

        for (var index = 0; index < launchable.Count; index++)
            RecordOutcome(launchable[index], requests[index], result.Outcomes[index], agents, now);

        _leftOver.Clear();
        foreach (var agent in agents) _leftOver[agent.AgentId] = (agent, now.Clock);

        var stillWaiting = launchable.Exists(launch => launch.Count > 0);
        var refuse = stillWaiting ? RefuseWhileWaiting : RefuseWhileIdle;
        var unused = new List<Offer>();
        for (var index = 0; index < agents.Count; index++)
        {
            if (launches[index] is { } launched) Accept(agents[index], launched, refuse);
            else unused.AddRange(agents[index].Offers);
        }

        Decline(unused, refuse);
    }

    public AgentPool LeftOver(Tenant tenant, ClockReading now)
    {
        if (_leftOver.TryGetValue(tenant.AgentId, out var known) && now.Clock - known.At < OfferMemory) return known.Agent;

        // A full agent makes no offers: what is known of it is what its instances know.
        var instance = tracker.AppOf[tenant.TaskId].Instances[tenant.TaskId];
        return new AgentPool
        {
            AgentId = instance.AgentId,
            Host = instance.Host,
            Region = instance.Region,
            Zone = instance.Zone,
            Attributes = instance.Attributes,
            Roles = [new RoleResources { Role = "*" }],
        };
    }

    private void Launch(
        AgentLaunches launches, WaitingLaunch launch, AgentPool agent, Placement.Placement placement, ClockReading now)
    {
        var (entry, record) = (launch.Entry, launch.Record);
        var staged = Timestamps.Truncate(now.Wall);
        var instance = new Instance
        {
            TaskId = tracker.NextTaskId(entry, record),
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
            Tasks = [.. record.Definition.Containers.Select(container =>
                new PodTask(container.Name, InstanceState.Provisioned, staged))],
            StagedAt = staged,
            StagedClock = now.Clock,
            Since = staged,
            Ready = record.Definition.ReadinessChecks.Count == 0,
            HasPassed = record.Definition.HealthChecks.Count == 0,
        };
        if (record.Definition.Version != entry.Record.Definition.Version) AppCatalog.Remember(entry, record);
        tracker.Put(entry, instance);
        context.Effects.Counts.Add(new LaunchCounted(entry.Id));
        context.Publish(EventMessages.InstanceChanged(now.Wall, instance));
        if (record.Definition.IsPod)
            launches.Groups.Add(PodTaskGroup.Build(record.Definition, instance, placement.Taken, context.Options.User));
        else launches.Tasks.Add(TaskInfoBuilder.Build(record.Definition, instance, placement.Taken, context.Options.User));
    }

    /// <summary>Writes down what became of the offers, for those who ask why an instance waits.</summary>
    private void RecordOutcome(
        WaitingLaunch launch, PlacementRequest request, RequestOutcome outcome, IReadOnlyList<AgentPool> agents, ClockReading now)
    {
        launch.Add(outcome, now.Wall);
        for (var reason = 0; reason < outcome.RefusedBy.Length; reason++)
        {
            if (outcome.RefusedBy[reason] > 0)
                context.Effects.Counts.Add(new RefusalCounted(Refusals.Order[reason], outcome.RefusedBy[reason]));
        }

        catalog.MarkStale(launch.Entry.Id);
        if (launch.Count <= 0)
        {
            queue.Remove(launch.Entry.Id);
            return;
        }

        var existing = AppPlacement.Existing(launch.Entry.Instances.Values);
        foreach (var (index, reasons) in outcome.Refused)
        {
            var agent = agents[index];
            launch.Keep(agent.AgentId, new RefusedOffer(
                agent.Offers[0],
                now.Wall,
                [.. reasons.Each().Select(reason => reason.ToString())],
                string.Join("; ", Placer.Explain(request, agent, existing))));
        }
    }

    private void Accept(AgentPool agent, AgentLaunches launches, double refuse) => connection.Call(new SchedulerCall
    {
        Type = CallType.Accept,
        Accept = new AcceptCall([.. agent.Offers.Select(offer => offer.Id)], launches.Operations,
            new Filters { RefuseSeconds = refuse }),
    });

    private void Decline(List<Offer> offers, double refuse)
    {
        if (offers.Count == 0) return;
        connection.Call(new SchedulerCall
        {
            Type = CallType.Decline,
            Decline = new DeclineCall([.. offers.Select(offer => offer.Id)], new Filters { RefuseSeconds = refuse }),
        });
    }

    /// <summary>What is launched on one agent.</summary>
    private sealed class AgentLaunches
    {
        public List<TaskInfo> Tasks { get; } = [];

        public List<LaunchGroupOperation> Groups { get; } = [];

        public IReadOnlyList<Operation> Operations =>
        [
            .. Tasks.Count == 0 ? Array.Empty<Operation>()
            : [new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(Tasks) }],
            .. Groups.Select(group => new Operation { Type = OperationType.LaunchGroup, LaunchGroup = group }),
        ];
    }
}
