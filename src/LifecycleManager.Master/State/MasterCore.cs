using System.Globalization;
using LifecycleManager.Master.Allocation;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.State;

/// <summary>A call that is refused: the status and the reason of the answer.</summary>
internal sealed class CallRefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}

/// <summary>The master's state and its transitions. Owned by one loop; it knows no network, and of time what it is given.</summary>
internal sealed partial class MasterCore(string masterId, MasterOptions options, IAllocator allocator, TimeProvider time)
{
    private long _agentCount;
    private long _frameworkCount;
    private long _offerCount;

    public string MasterId { get; } = masterId;

    public Dictionary<AgentId, AgentEntry> Agents { get; } = [];

    public Dictionary<FrameworkId, FrameworkEntry> Frameworks { get; } = [];

    public Queue<FrameworkEntry> CompletedFrameworks { get; } = new();

    public Dictionary<OfferId, OfferEntry> Offers { get; } = [];

    /// <summary>Whether something changed that a round of offers may use.</summary>
    public bool WantsAllocation { get; set; }

    public MasterCounters Counters { get; } = new();

    public AgentId NextAgentId() => new(string.Create(CultureInfo.InvariantCulture, $"{MasterId}-S{_agentCount++}"));

    public FrameworkId NextFrameworkId() => new(string.Create(CultureInfo.InvariantCulture, $"{MasterId}-{_frameworkCount++:0000}"));

    // ---- frameworks

    /// <summary>A framework's stream opens, for the first time or again.</summary>
    public FrameworkEntry Subscribe(FrameworkId id, FrameworkInfo info, IReadOnlyList<string>? suppressed, EventStream<SchedulerEvent> stream)
    {
        if (!Frameworks.TryGetValue(id, out var framework))
        {
            framework = new FrameworkEntry(id, info, time.GetUtcNow());
            Frameworks[id] = framework;
        }
        else
        {
            if (framework.Stream is { } old)
            {
                old.Write(new SchedulerEvent { Type = EventType.Error, Error = new ErrorEvent("Framework failed over") });
                old.Complete();
            }

            RemoveOffers(framework, rescind: false);
            framework.Reregistered = time.GetUtcNow();
        }

        framework.Info = info with { Id = id };
        framework.Stream = stream;
        framework.RemovedAt = null;
        framework.Filters.Clear();
        framework.Suppressed.Clear();
        foreach (var role in suppressed ?? []) framework.Suppressed.Add(role);
        Send(framework, new SchedulerEvent { Type = EventType.Subscribed, Subscribed = new SubscribedEvent(id, options.HeartbeatInterval.TotalSeconds) });
        Send(framework, new SchedulerEvent { Type = EventType.Heartbeat });
        WantsAllocation = true;
        return framework;
    }

    /// <summary>A framework's stream ended: its offers come back, and it has its failover time to return.</summary>
    public void Disconnected(FrameworkId id, EventStream<SchedulerEvent> stream)
    {
        if (!Frameworks.TryGetValue(id, out var framework) || framework.Stream != stream) return;
        framework.Stream = null;
        framework.RemovedAt = time.GetUtcNow() + FailoverTimeout(framework.Info);
        RemoveOffers(framework, rescind: false);
    }

    /// <summary>Ends a framework and all of its tasks.</summary>
    public void Teardown(FrameworkEntry framework)
    {
        RemoveOffers(framework, rescind: false);
        framework.Stream?.Complete();
        framework.Stream = null;
        framework.Unregistered = time.GetUtcNow();
        Frameworks.Remove(framework.Id);
        foreach (var agent in Agents.Values)
        {
            var mine = agent.Tasks.Where(task => task.Key.Item1 == framework.Id).ToArray();
            if (mine.Length == 0) continue;
            agent.Stream?.Write(new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = framework.Id });
            foreach (var (key, task) in mine)
            {
                if (!task.IsTerminal) agent.Used = agent.Used.Minus(task.Resources);
                task.State = TaskState.Killed;
                agent.Tasks.Remove(key);
            }
        }

        CompletedFrameworks.Enqueue(framework);
        while (CompletedFrameworks.Count > options.MaxCompleted) CompletedFrameworks.Dequeue();
        WantsAllocation = true;
    }

    public void Accept(FrameworkEntry framework, AcceptCall call)
    {
        var offers = new List<OfferEntry>();
        string? invalid = call.OfferIds.Count == 0 ? "no offer is named" : null;
        foreach (var id in call.OfferIds)
        {
            if (!Offers.TryGetValue(id, out var offer) || offer.Framework != framework.Id) invalid ??= $"offer {id.Value} is no longer valid";
            else if (offers.Any(other => other.Id == id)) invalid ??= $"offer {id.Value} is named twice";
            else if (offers.Count > 0 && offers[0].Agent != offer.Agent) invalid ??= "the offers are of several agents";
            else offers.Add(offer);
        }

        if (invalid is not null)
        {
            foreach (var offer in offers) Recover(offer);
            foreach (var task in TasksOf(call))
                Tell(framework, Made(task, framework.Can(FrameworkCapability.PartitionAware) ? TaskState.Dropped : TaskState.Lost, StatusReason.InvalidOffers, invalid));
            return;
        }

        var agent = Agents[offers[0].Agent];
        var remaining = offers.Aggregate(ResourceBag.Empty, (sum, offer) => sum.Plus(offer.Resources));
        foreach (var offer in offers)
        {
            Offers.Remove(offer.Id);
            agent.Offered = agent.Offered.Minus(offer.Resources);
        }

        Counters.OffersAccepted += offers.Count;
        foreach (var operation in call.Operations ?? [])
        {
            switch (operation.Type)
            {
                case OperationType.Launch:
                    foreach (var task in operation.Launch!.TaskInfos) remaining = Launch(framework, agent, [task], group: false, remaining);
                    break;
                case OperationType.LaunchGroup:
                    remaining = Launch(framework, agent, operation.LaunchGroup!.TaskGroup.Tasks, group: true, remaining);
                    break;
            }
        }

        if (!remaining.IsEmpty) AddFilter(framework, agent.Id, remaining, call.Filters);
        WantsAllocation = true;
    }

    public void Decline(FrameworkEntry framework, DeclineCall call)
    {
        foreach (var id in call.OfferIds)
        {
            if (!Offers.TryGetValue(id, out var offer) || offer.Framework != framework.Id) continue;
            Recover(offer);
            AddFilter(framework, offer.Agent, offer.Resources, call.Filters);
            Counters.OffersDeclined++;
        }
    }

    public void Revive(FrameworkEntry framework, IReadOnlyList<string>? roles)
    {
        framework.Filters.Clear();
        if (roles is { Count: > 0 }) framework.Suppressed.ExceptWith(roles);
        else framework.Suppressed.Clear();
        WantsAllocation = true;
    }

    public static void Suppress(FrameworkEntry framework, IReadOnlyList<string>? roles) =>
        framework.Suppressed.UnionWith(roles is { Count: > 0 } ? roles : framework.Roles);

    public void Kill(FrameworkEntry framework, KillCall call)
    {
        if (!framework.Tasks.TryGetValue(call.TaskId, out var task))
        {
            Tell(framework, Unknown(framework, call.TaskId, call.AgentId));
            return;
        }

        // Without a stream nothing is lost: the framework sees that the task is not killed and asks again.
        Agents.GetValueOrDefault(task.Info.AgentId)?.Stream?.Write(
            new AgentEvent { Type = AgentEventType.Kill, Kill = new KillEvent(framework.Id, call.TaskId, call.KillPolicy) });
    }

    public void Acknowledge(FrameworkEntry framework, AcknowledgeCall call)
    {
        if (!Agents.TryGetValue(call.AgentId, out var agent)) return;
        agent.Stream?.Write(new AgentEvent
        {
            Type = AgentEventType.Acknowledge, Acknowledge = new AcknowledgeEvent(framework.Id, call.TaskId, call.Uuid),
        });
        if (!framework.Tasks.TryGetValue(call.TaskId, out var task) || task.Status.Uuid is not { } uuid || !uuid.AsSpan().SequenceEqual(call.Uuid)) return;
        if (task.Status.State.IsTerminal()) Forget(agent, framework, task);
    }

    public void Reconcile(FrameworkEntry framework, ReconcileCall? call)
    {
        if (call?.Tasks is not { Count: > 0 } tasks)
        {
            foreach (var task in framework.Tasks.Values.Where(task => !task.IsTerminal).ToArray()) Tell(framework, Known(task));
            return;
        }

        foreach (var asked in tasks)
        {
            if (framework.Tasks.TryGetValue(asked.TaskId, out var task)) Tell(framework, Known(task));
            // An agent that may still come back may bring the task: no answer is right yet.
            else if (asked.AgentId is { } id ? Agents.GetValueOrDefault(id)?.Standing == AgentStanding.Recovered
                : Agents.Values.Any(agent => agent.Standing == AgentStanding.Recovered)) continue;
            else Tell(framework, Unknown(framework, asked.TaskId, asked.AgentId));
        }
    }

    // ---- agents

    /// <summary>An agent's stream opens, with all that it runs.</summary>
    public void Register(AgentId id, RegisterCall call, EventStream<AgentEvent> stream)
    {
        var info = call.AgentInfo with { Id = id };
        var total = ResourceBag.Of(info.Resources ?? []);
        if (!Agents.TryGetValue(id, out var agent)) Agents[id] = agent = new AgentEntry(id, info, time.GetUtcNow());
        else agent.Reregistered = time.GetUtcNow();
        agent.Stream?.Complete();
        RemoveOffers(agent);
        agent.Info = info;
        agent.Version = call.Version;
        agent.Features = call.Features ?? [];
        agent.Total = total;
        agent.Stream = stream;
        agent.Pings = 0;
        agent.UnreachableSince = null;
        agent.Standing = AgentStanding.Connected;
        stream.Write(new AgentEvent { Type = AgentEventType.Registered, Registered = new RegisteredEvent(id, MasterId, options.PingInterval.TotalSeconds) });
        foreach (var framework in call.Frameworks ?? []) Recover(framework);
        Adopt(agent, call.Tasks ?? []);
        WantsAllocation = true;
    }

    /// <summary>An agent's stream ended; its tasks run on, its pings run out.</summary>
    public void Disconnected(AgentId id, EventStream<AgentEvent> stream)
    {
        if (!Agents.TryGetValue(id, out var agent) || agent.Stream != stream) return;
        agent.Stream = null;
        agent.Standing = AgentStanding.Disconnected;
        RemoveOffers(agent);
    }

    /// <summary>The agent leaves for good.</summary>
    public void Unregister(AgentEntry agent)
    {
        agent.Stream?.Complete();
        LoseTasks(agent, TaskState.Gone, StatusReason.AgentRemoved, "the agent left");
        RemoveOffers(agent);
        Agents.Remove(agent.Id);
        TellFailure(agent.Id);
    }

    public void Update(AgentEntry agent, StatusUpdateCall call)
    {
        var status = call.Status with { AgentId = agent.Id };
        if (!Frameworks.TryGetValue(call.FrameworkId, out var framework))
        {
            // Nobody will ever acknowledge it.
            if (status.Uuid is { } uuid)
                agent.Stream?.Write(new AgentEvent { Type = AgentEventType.Acknowledge, Acknowledge = new AcknowledgeEvent(call.FrameworkId, status.TaskId, uuid) });
            return;
        }

        if (framework.Tasks.TryGetValue(status.TaskId, out var task))
        {
            Advance(agent, task, call.LatestState);
            task.Status = status;
            task.History.RemoveAll(earlier => earlier.State == status.State);
            task.History.Add(status);
        }

        Send(framework, new SchedulerEvent { Type = EventType.Update, Update = new UpdateEvent(status) });
    }

    // ---- time

    public void Ping()
    {
        var now = time.GetUtcNow();
        foreach (var agent in Agents.Values.Where(agent => agent.Standing is AgentStanding.Connected or AgentStanding.Disconnected).ToArray())
        {
            if (agent.Pings++ >= options.MaxPings) Unreachable(agent, now);
            else agent.Stream?.Write(new AgentEvent { Type = AgentEventType.Ping });
        }
    }

    public void Heartbeat()
    {
        foreach (var framework in Frameworks.Values) Send(framework, new SchedulerEvent { Type = EventType.Heartbeat });
    }

    /// <summary>Removes frameworks whose failover time is over, filters that have run out, offers that are too old.</summary>
    public void Expire(DateTimeOffset now)
    {
        foreach (var framework in Frameworks.Values.Where(framework => framework.RemovedAt <= now).ToArray()) Teardown(framework);
        foreach (var framework in Frameworks.Values)
        {
            if (framework.Filters.RemoveAll(filter => filter.Until <= now) > 0) WantsAllocation = true;
        }

        if (options.OfferTimeout is not { } timeout) return;
        foreach (var offer in Offers.Values.Where(offer => offer.At + timeout <= now).ToArray()) Rescind(offer);
    }

    /// <summary>The known agents had their time to come back after the election.</summary>
    public void GiveUpRecovered(DateTimeOffset now)
    {
        foreach (var agent in Agents.Values.Where(agent => agent.Standing == AgentStanding.Recovered).ToArray()) Unreachable(agent, now);
    }

    // ---- offers

    public void Allocate()
    {
        WantsAllocation = false;
        var now = time.GetUtcNow();
        var connected = Agents.Values.Where(agent => agent.Standing == AgentStanding.Connected).OrderBy(agent => agent.Id.Value, StringComparer.Ordinal).ToArray();
        var free = connected.Select(agent => new FreeAgent(agent.Id, agent.Free, agent.Info.Domain?.FaultDomain?.Region.Name)).Where(agent => !agent.Free.IsEmpty).ToArray();
        if (free.Length == 0) return;
        var claims = Frameworks.Values.Where(framework => framework.Connected)
            .SelectMany(framework => framework.Roles.Where(role => !framework.Suppressed.Contains(role)).Select(role => new Claim(
                framework.Id, role, Held(framework), framework.Can(FrameworkCapability.RevocableResources))))
            .ToArray();
        if (claims.Length == 0) return;
        var total = connected.Aggregate(ResourceBag.Empty, (sum, agent) => sum.Plus(agent.Total));
        var allocations = allocator.Allocate(new AllocationRound(total, free, claims, Refuses));
        foreach (var group in allocations.GroupBy(allocation => allocation.Framework))
        {
            var framework = Frameworks[group.Key];
            var offers = group.Select(allocation => Offer(framework, allocation, now)).ToArray();
            Counters.OffersSent += offers.Length;
            Send(framework, new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(offers) });
        }

        bool Refuses(FrameworkId id, AgentId agent, ResourceBag resources) =>
            Frameworks[id].Filters.Any(filter => filter.Agent == agent && filter.Until > now && filter.Refused.Contains(resources));
    }

    private Offer Offer(FrameworkEntry framework, Allocation.Allocation allocation, DateTimeOffset now)
    {
        var agent = Agents[allocation.Agent];
        var id = new OfferId(string.Create(CultureInfo.InvariantCulture, $"{MasterId}-O{_offerCount++}"));
        Offers[id] = new OfferEntry(id, framework.Id, agent.Id, allocation.Resources, allocation.Role, now);
        agent.Offered = agent.Offered.Plus(allocation.Resources);
        return new Offer
        {
            Id = id,
            FrameworkId = framework.Id,
            AgentId = agent.Id,
            Hostname = agent.Info.Hostname,
            Url = new OfferUrl { Scheme = "http", Address = new OfferAddress { Hostname = agent.Info.Hostname, Port = agent.Info.Port ?? 5051 }, Path = "/slave(1)" },
            Domain = agent.Info.Domain,
            Resources = allocation.Resources.ToResources(allocation.Role),
            Attributes = agent.Info.Attributes,
            AllocationInfo = new AllocationInfo(allocation.Role),
        };
    }

    private ResourceBag Held(FrameworkEntry framework) =>
        framework.Tasks.Values.Where(task => !task.IsTerminal).Select(task => task.Resources)
            .Concat(Offers.Values.Where(offer => offer.Framework == framework.Id).Select(offer => offer.Resources))
            .Aggregate(ResourceBag.Empty, (sum, part) => sum.Plus(part));

    private void Recover(OfferEntry offer)
    {
        if (!Offers.Remove(offer.Id)) return;
        if (Agents.TryGetValue(offer.Agent, out var agent)) agent.Offered = agent.Offered.Minus(offer.Resources);
        WantsAllocation = true;
    }

    private void Rescind(OfferEntry offer)
    {
        Recover(offer);
        Counters.OffersRescinded++;
        if (Frameworks.TryGetValue(offer.Framework, out var framework))
            Send(framework, new SchedulerEvent { Type = EventType.Rescind, Rescind = new RescindEvent(offer.Id) });
    }

    private void RemoveOffers(FrameworkEntry framework, bool rescind)
    {
        foreach (var offer in Offers.Values.Where(offer => offer.Framework == framework.Id).ToArray())
        {
            if (rescind) Rescind(offer);
            else Recover(offer);
        }
    }

    private void RemoveOffers(AgentEntry agent)
    {
        foreach (var offer in Offers.Values.Where(offer => offer.Agent == agent.Id).ToArray()) Rescind(offer);
        agent.Offered = ResourceBag.Empty;
    }

    private void AddFilter(FrameworkEntry framework, AgentId agent, ResourceBag refused, Filters? filters)
    {
        var seconds = filters?.RefuseSeconds ?? options.DefaultRefuseSeconds;
        if (!(seconds > 0)) return;
        // A year is for ever; longer ones would overflow.
        framework.Filters.Add(new OfferFilter(agent, refused, time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(365).TotalSeconds))));
    }
}
