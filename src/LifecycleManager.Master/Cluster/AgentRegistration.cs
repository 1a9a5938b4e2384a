using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Agents come and return: registration, and the tasks that they bring.</summary>
internal sealed class AgentRegistration(
    ClusterServices services, Ledger ledger, AgentTable agents, AllocationQueue allocations, OfferTable offers,
    TaskTracker tasks, AgentReservations reservations, AgentRemoval removal, FrameworkTable frameworks,
    FrameworkSubscriptions subscriptions, OperatorEvents events, ClusterViews views, OpenStreams streams)
{
    private long _next;

    /// <summary>REGISTER: the stream gets REGISTERED, SHUTDOWN or ERROR first.</summary>
    public void Register(RegisterCall call, EventStream<AgentEvent> stream)
    {
        if (stream.IsClosed) return;
        ResourceSet total;
        try
        {
            total = ResourceWire.Parse(call.AgentInfo.Resources);
        }
        catch (ResourceException problem)
        {
            Reject(stream, $"agent_info.resources: {problem.Message}");
            return;
        }

        if (call.AgentInfo.Id is not { } id)
        {
            if (agents.Registered.Count >= services.Options.MaxAgents)
            {
                Reject(stream, $"{services.Options.MaxAgents} agents are registered already");
                return;
            }

            id = new AgentId($"{services.MasterId}-S{_next++}");
            Admit(id, new AgentEntry { Info = call.AgentInfo with { Id = id }, Standing = AgentStanding.Admitted }, true, call,
                total, stream);
            return;
        }

        if (Ids.Problem(id.Value) is { } wrong)
        {
            Reject(stream, $"agent_info.id: {wrong}");
            return;
        }

        if (agents.Registered.TryGetValue(id, out var agent))
        {
            // What is being decided about it comes first; then it is told.
            if (agent.IsLeaving) services.Registry.Commit([], () => Register(call, stream), _ => Register(call, stream));
            else Readmit(agent, call, total, stream);
        }
        else if (!agents.Absent.TryGetValue(id, out var absent))
        {
            // As Mesos: an agent that was forgotten among the unreachable may return with its tasks.
            Admit(id, new AgentEntry { Info = call.AgentInfo, Standing = AgentStanding.Admitted }, true, call, total, stream);
        }
        else if (absent.Entry.Standing == AgentStanding.Gone)
        {
            stream.Send(new AgentEvent { Type = AgentEventType.Shutdown, Reason = "the agent was marked as gone" });
            stream.Close();
        }
        else
        {
            var entry = Returned(absent.Entry, call);
            var isStored = !absent.IsGivenUp && RegistryWrites.Same(absent.Entry, entry, RegistryJson.Default.AgentEntry);
            Admit(id, entry, !isStored, call, total, stream);
        }
    }

    /// <summary>The agent of a call, or null when the stream is not its present one.</summary>
    public Agent? AgentOf(AgentId? id, string? streamId)
    {
        if (id is not { } known || !agents.Registered.TryGetValue(known, out var agent) || agent.IsLeaving
            || agent.Stream?.Id != streamId) return null;

        // A sign of life, which is no change of state.
        agent.Unanswered = 0;
        return agent;
    }

    /// <summary>An agent's connection has ended.</summary>
    public void StreamEnded(EventStream<AgentEvent> stream, AgentId? id)
    {
        services.Changes.Advance();
        stream.Close();
        streams.Remove(stream);
        if (id is not { } known || !agents.Registered.TryGetValue(known, out var agent) || agent.Stream != stream) return;
        agent.Stream = null;
        services.Log.LogInformation("Agent {Agent} at {Host} has disconnected", agent.Id.Value, agent.Info.Hostname);
        offers.RescindAll(agent);
    }

    private static void Reject(EventStream<AgentEvent> stream, string reason)
    {
        stream.Send(new AgentEvent { Type = AgentEventType.Error, Reason = reason });
        stream.Close();
    }

    private static AgentEntry Returned(AgentEntry known, RegisterCall call) =>
        known with { Info = call.AgentInfo, Standing = AgentStanding.Admitted, Since = null };

    private void Readmit(Agent agent, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        Expect(agent.Id, stream);
        if (RegistryWrites.Same(agent.Newest, Returned(agent.Newest, call), RegistryJson.Default.AgentEntry))
            Admitted(agent.Id, agent.Entry, call, total, stream);
        else agents.Change(agent, newest => Returned(newest, call), () => Admitted(agent.Id, agent.Entry, call, total, stream),
            cause => NotAdmitted(agent.Id, stream, cause));
    }

    private void Admit(AgentId id, AgentEntry entry, bool store, RegisterCall call, ResourceSet total,
        EventStream<AgentEvent> stream)
    {
        Expect(id, stream);
        if (store) agents.Store(entry, () => Admitted(id, entry, call, total, stream), cause => NotAdmitted(id, stream, cause));
        else Admitted(id, entry, call, total, stream);
    }

    private void Expect(AgentId id, EventStream<AgentEvent> stream)
    {
        services.Changes.Advance();
        streams.Add(stream);
        agents.BeginAdmission(id, stream);
        stream.AgentId = id;
    }

    private void NotAdmitted(AgentId id, EventStream<AgentEvent> stream, string cause)
    {
        agents.TryEndAdmission(id, stream);
        stream.Refuse(cause);
    }

    private void Admitted(AgentId id, AgentEntry entry, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        // A newer registration has overtaken this one.
        if (!agents.TryEndAdmission(id, stream))
        {
            stream.Close();
            return;
        }

        services.Changes.Advance();
        var isNew = !agents.Registered.TryGetValue(id, out var agent);
        var wasUnreachable = false;
        if (agent is null)
        {
            wasUnreachable = agents.TakeAbsent(id)?.Entry.Standing == AgentStanding.Unreachable;
            agent = new Agent(id, entry, ledger.Open(id, total), services.Now);
            agents.Add(agent);
            removal.ArmPing(agent);
        }
        else
        {
            offers.RescindAll(agent);
            agent.Stream?.Close();
            agent.ReregisteredAt = services.Now;
        }

        agent.Version = call.Version;
        agent.Features = call.Features ?? [];
        agent.Unanswered = 0;
        agent.Stream = stream;
        reservations.ApplyTotal(agent, total);
        stream.Send(new AgentEvent
        {
            Type = AgentEventType.Registered,
            Registered = new RegisteredEvent(id, services.MasterId, services.Options.AgentPingInterval.TotalSeconds),
        });
        services.Log.LogInformation(
            "Agent {Agent} at {Host} is registered with {Total} and {Tasks} tasks",
            id.Value, agent.Info.Hostname, agent.Account.Total, call.Tasks?.Count ?? 0);
        TakeTasks(agent, call, wasUnreachable);
        if (isNew) events.AgentAdded(() => views.Of(agent));
        if (stream.IsClosed) StreamEnded(stream, id);
        allocations.MarkDirty(agent);
    }

    // What the agent runs is true; what the master believed beyond that never reached it or is gone.
    private void TakeTasks(Agent agent, RegisterCall call, bool wasUnreachable)
    {
        var reported = new HashSet<(FrameworkId, TaskId)>();
        var unwanted = new HashSet<FrameworkId>();
        foreach (var task in call.Tasks ?? [])
        {
            var framework = subscriptions.FrameworkOfAgentsTask(task.FrameworkId, call);
            if (framework is null || framework.UnregisteredAt is not null)
            {
                unwanted.Add(task.FrameworkId);
                if (framework is null) continue;
            }

            if (framework.Tasks.TryGetValue(task.Task.TaskId, out var known) && known.AgentId != agent.Id)
            {
                services.Log.LogWarning(
                    "Task {Task} runs on agent {Other} already; the one on {Agent} is ended",
                    task.Task.TaskId.Value, known.AgentId.Value, agent.Id.Value);
                tasks.SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            if (known is null && !task.Status.State.IsTerminal() && TaskTracker.IsEndedByMaster(framework, task.Task.TaskId))
            {
                tasks.SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            reported.Add((framework.Id, task.Task.TaskId));
            if (known is null) AddFoundTask(agent, framework, task, wasUnreachable);
            else if (!known.State.IsTerminal()) tasks.SetState(known.With(task.Status.State, task.Status), known);
        }

        foreach (var key in agent.Tasks.Where(key => !reported.Contains(key)).ToList())
        {
            var framework = frameworks.Known[key.Framework];
            var task = framework.Tasks[key.Task];
            var state = task.State.IsTerminal() ? task.State : task.State == TaskState.Staging
                ? TaskState.Dropped : TaskState.Gone;
            if (!task.State.IsTerminal())
            {
                task = tasks.EndByMaster(framework, task, state, StatusReason.Reconciliation,
                    "The task is unknown to its agent");
            }

            tasks.Complete(framework, task);
        }

        foreach (var id in unwanted)
        {
            agent.Stream?.Send(new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = id });
        }

        foreach (var key in agent.Tasks)
        {
            var task = frameworks.Known[key.Framework].Tasks[key.Task];
            if (task.Kill is { } kill && !task.State.IsTerminal()) tasks.SendKill(agent, kill);
        }

        if (agent.Entry.Drain is not null) tasks.KillAll(agent);
    }

    private void AddFoundTask(Agent agent, Framework framework, AgentTask found, bool wasUnreachable)
    {
        ResourceSet resources;
        try
        {
            resources = ResourceWire.Parse(found.Task.Resources);
        }
        catch (ResourceException problem)
        {
            services.Log.LogWarning("Task {Task} of agent {Agent}: {Problem}", found.Task.TaskId.Value, agent.Id.Value,
                problem.Message);
            resources = ResourceSet.Empty;
        }

        var role = found.Task.Resources.FirstOrDefault(resource => resource.AllocationInfo?.Role is not null)
            ?.AllocationInfo!.Role
            ?? (framework.Roles.Count > 0 ? framework.Roles[0] : Roles.Default);
        var task = new ClusterTask
        {
            Info = found.Task,
            FrameworkId = framework.Id,
            AgentId = agent.Id,
            Role = role,
            Resources = resources,
            Executor = found.Task.Executor?.ExecutorId,
        }.With(found.Status.State, found.Status with { AgentId = agent.Id });
        services.Changes.Advance();
        framework.Unreachable.Remove(task.Id);
        framework.Completed.Remove(task.Id);
        framework.Tasks[task.Id] = task;
        agent.Tasks.Add((framework.Id, task.Id));
        if (task.State.IsTerminal()) return;
        events.TaskAdded(task);

        // Who was told that it is out of reach is told that it is back, as Mesos tells it.
        if (wasUnreachable && framework.IsPartitionAware)
            TaskTracker.SendUpdate(framework, tasks.Latest(task) with
            {
                Reason = StatusReason.AgentReregistered,
                Message = "Unreachable agent reregistered"
            });
        ledger.Find(agent.Id, framework.Id, role, resources);
        if (found.Task.Executor is not { } executor) return;
        TaskValidation.Resources(executor.Resources, role, out var ofExecutor);
        if (!agent.Executors.ContainsKey((framework.Id, executor.ExecutorId)))
            ledger.Find(agent.Id, framework.Id, role, ofExecutor);
        TaskTracker.JoinExecutor(agent, task, executor, ofExecutor);
    }
}
