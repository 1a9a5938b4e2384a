using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>Agents: registration, pings, loss and return.</content>
internal sealed partial class MasterCore
{
    private readonly Dictionary<AgentId, EventStream<AgentEvent>> _admitting = [];

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
            Refuse(stream, $"agent_info.resources: {problem.Message}");
            return;
        }

        if (call.AgentInfo.Id is not { } id)
        {
            if (_agents.Count >= _options.MaxAgents)
            {
                Refuse(stream, $"{_options.MaxAgents} agents are registered already");
                return;
            }

            id = new AgentId($"{MasterId}-S{_nextAgent++}");
            Admit(id, new AgentEntry { Info = call.AgentInfo with { Id = id }, Standing = AgentStanding.Admitted }, true, call, total, stream);
            return;
        }

        if (Ids.Problem(id.Value) is { } wrong)
        {
            Refuse(stream, $"agent_info.id: {wrong}");
            return;
        }

        if (_agents.TryGetValue(id, out var agent))
        {
            // What is being decided about it comes first; then it is told.
            if (agent.IsLeaving) _registry.Commit([], () => Register(call, stream), _ => Register(call, stream));
            else Readmit(agent, call, total, stream);
        }
        else if (!_absent.TryGetValue(id, out var absent))
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
            var isStored = !absent.IsGivenUp && Same(absent.Entry, entry, RegistryJson.Default.AgentEntry);
            Admit(id, entry, !isStored, call, total, stream);
        }
    }

    /// <summary>The agent of a call, or null when the stream is not its present one.</summary>
    public Agent? AgentOf(AgentId? id, string? streamId)
    {
        if (id is not { } known || !_agents.TryGetValue(known, out var agent) || agent.IsLeaving || agent.Stream?.Id != streamId) return null;

        // A sign of life, which is no change of state.
        agent.Unanswered = 0;
        return agent;
    }

    /// <summary>UNREGISTER: the agent has ended its tasks and leaves for good.</summary>
    public void Unregister(Agent agent)
    {
        _log.LogInformation("Agent {Agent} at {Host} leaves", agent.Id.Value, agent.Info.Hostname);
        Leave(
            agent, AgentStanding.Gone, TaskState.Gone, "The agent has left the cluster", static () => { },
            _ => _loop.After(StoreRetry, () =>
            {
                if (_agents.GetValueOrDefault(agent.Id) == agent && !agent.IsLeaving) Unregister(agent);
            }));
    }

    /// <summary>An agent's connection has ended.</summary>
    public void StreamEnded(EventStream<AgentEvent> stream, AgentId? id)
    {
        _changes.Advance();
        stream.Close();
        _streams.Remove(stream);
        if (id is not { } known || !_agents.TryGetValue(known, out var agent) || agent.Stream != stream) return;
        agent.Stream = null;
        _log.LogInformation("Agent {Agent} at {Host} has disconnected", agent.Id.Value, agent.Info.Hostname);
        RescindAll(agent);
    }

    private static void Refuse(EventStream<AgentEvent> stream, string reason)
    {
        stream.Send(new AgentEvent { Type = AgentEventType.Error, Reason = reason });
        stream.Close();
    }

    private static AgentEntry Returned(AgentEntry known, RegisterCall call) =>
        known with { Info = call.AgentInfo, Standing = AgentStanding.Admitted, Since = null };

    private void Readmit(Agent agent, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        Expect(agent.Id, stream);
        if (Same(agent.Newest, Returned(agent.Newest, call), RegistryJson.Default.AgentEntry)) Admitted(agent.Id, agent.Entry, call, total, stream);
        else Change(agent, newest => Returned(newest, call), () => Admitted(agent.Id, agent.Entry, call, total, stream), cause => NotAdmitted(agent.Id, stream, cause));
    }

    private void Admit(AgentId id, AgentEntry entry, bool store, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        Expect(id, stream);
        if (store) Store(entry, () => Admitted(id, entry, call, total, stream), cause => NotAdmitted(id, stream, cause));
        else Admitted(id, entry, call, total, stream);
    }

    private void Expect(AgentId id, EventStream<AgentEvent> stream)
    {
        _changes.Advance();
        _streams.Add(stream);
        _admitting[id] = stream;
        stream.AgentId = id;
    }

    private void NotAdmitted(AgentId id, EventStream<AgentEvent> stream, string cause)
    {
        if (_admitting.GetValueOrDefault(id) == stream) _admitting.Remove(id);
        stream.Refuse(cause);
    }

    private void Admitted(AgentId id, AgentEntry entry, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        // A newer registration has overtaken this one.
        if (_admitting.GetValueOrDefault(id) != stream)
        {
            stream.Close();
            return;
        }

        _changes.Advance();
        _admitting.Remove(id);
        var isNew = !_agents.TryGetValue(id, out var agent);
        var wasUnreachable = false;
        if (agent is null)
        {
            wasUnreachable = _absent.Remove(id, out var absent) && absent.Entry.Standing == AgentStanding.Unreachable;
            agent = new Agent(id, entry, _ledger.Open(id, total), Now);
            _agents[id] = agent;
            ArmPing(agent);
        }
        else
        {
            RescindAll(agent);
            agent.Stream?.Close();
            agent.ReregisteredAt = Now;
        }

        agent.Version = call.Version;
        agent.Features = call.Features ?? [];
        agent.Unanswered = 0;
        agent.Stream = stream;
        ApplyTotal(agent, total);
        stream.Send(new AgentEvent
        {
            Type = AgentEventType.Registered,
            Registered = new RegisteredEvent(id, MasterId, _options.AgentPingInterval.TotalSeconds),
        });
        _log.LogInformation(
            "Agent {Agent} at {Host} is registered with {Total} and {Tasks} tasks",
            id.Value, agent.Info.Hostname, agent.Account.Total, call.Tasks?.Count ?? 0);
        TakeTasks(agent, call, wasUnreachable);
        AgentReturned(agent, isNew);
        if (stream.IsClosed) StreamEnded(stream, id);
        MarkDirty(agent);
    }

    // What the agent runs is true; what the master believed beyond that never reached it or is gone.
    private void TakeTasks(Agent agent, RegisterCall call, bool wasUnreachable)
    {
        var reported = new HashSet<(FrameworkId, TaskId)>();
        var unwanted = new HashSet<FrameworkId>();
        foreach (var task in call.Tasks ?? [])
        {
            var framework = FrameworkOfAgentsTask(task.FrameworkId, call);
            if (framework is null || framework.UnregisteredAt is not null)
            {
                unwanted.Add(task.FrameworkId);
                if (framework is null) continue;
            }

            if (framework.Tasks.TryGetValue(task.Task.TaskId, out var known) && known.AgentId != agent.Id)
            {
                _log.LogWarning(
                    "Task {Task} runs on agent {Other} already; the one on {Agent} is ended",
                    task.Task.TaskId.Value, known.AgentId.Value, agent.Id.Value);
                SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            if (known is null && !task.Status.State.IsTerminal() && IsEndedByMaster(framework, task.Task.TaskId))
            {
                SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            reported.Add((framework.Id, task.Task.TaskId));
            if (known is null) AddFoundTask(agent, framework, task, wasUnreachable);
            else if (!known.State.IsTerminal()) SetState(known.With(task.Status.State, task.Status), known);
        }

        foreach (var key in agent.Tasks.Where(key => !reported.Contains(key)).ToList())
        {
            var framework = _frameworks[key.Framework];
            var task = framework.Tasks[key.Task];
            var state = task.State.IsTerminal() ? task.State : task.State == TaskState.Staging ? TaskState.Dropped : TaskState.Gone;
            if (!task.State.IsTerminal())
            {
                task = EndByMaster(framework, task, state, StatusReason.Reconciliation, "The task is unknown to its agent");
            }

            Complete(framework, task);
        }

        foreach (var id in unwanted)
        {
            agent.Stream?.Send(new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = id });
        }

        foreach (var key in agent.Tasks)
        {
            var task = _frameworks[key.Framework].Tasks[key.Task];
            if (task.Kill is { } kill && !task.State.IsTerminal()) SendKill(agent, kill);
        }

        if (agent.Entry.Drain is not null) KillAll(agent);
    }

    private Framework? FrameworkOfAgentsTask(FrameworkId id, RegisterCall call)
    {
        if (_frameworks.TryGetValue(id, out var framework)) return framework;
        if (_removed.Contains(id) || Ids.Problem(id.Value) is not null) return null;
        var info = call.Frameworks?.FirstOrDefault(info => info.Id == id) ?? new FrameworkInfo { User = "", Name = id.Value, Id = id };
        framework = new Framework(info, Now) { IsRecovered = true };
        _frameworks[id] = framework;
        StoreFound(framework);
        AwaitFailover(framework);
        return framework;
    }

    private void StoreFound(Framework framework) =>
        Store(new FrameworkEntry(framework.Info, framework.RegisteredAt), static () => { }, _ => _loop.After(StoreRetry, () =>
        {
            if (_frameworks.GetValueOrDefault(framework.Id) == framework && !framework.IsLeaving) StoreFound(framework);
        }));

    private void AddFoundTask(Agent agent, Framework framework, AgentTask found, bool wasUnreachable)
    {
        ResourceSet resources;
        try
        {
            resources = ResourceWire.Parse(found.Task.Resources);
        }
        catch (ResourceException problem)
        {
            _log.LogWarning("Task {Task} of agent {Agent}: {Problem}", found.Task.TaskId.Value, agent.Id.Value, problem.Message);
            resources = ResourceSet.Empty;
        }

        var role = found.Task.Resources.FirstOrDefault(resource => resource.AllocationInfo?.Role is not null)?.AllocationInfo!.Role
            ?? (framework.Roles.Count > 0 ? framework.Roles[0] : Roles.Default);
        var task = new TaskRecord
        {
            Info = found.Task,
            FrameworkId = framework.Id,
            AgentId = agent.Id,
            Role = role,
            Resources = resources,
            Executor = found.Task.Executor?.ExecutorId,
        }.With(found.Status.State, found.Status with { AgentId = agent.Id });
        _changes.Advance();
        framework.Unreachable.Remove(task.Id);
        framework.Completed.Remove(task.Id);
        framework.Tasks[task.Id] = task;
        agent.Tasks.Add((framework.Id, task.Id));
        if (task.State.IsTerminal()) return;
        TaskAdded(task);

        // Who was told that it is out of reach is told that it is back, as Mesos tells it.
        if (wasUnreachable && framework.IsPartitionAware)
            SendUpdate(framework, Latest(task) with { Reason = StatusReason.AgentReregistered, Message = "Unreachable agent reregistered" });
        _ledger.Find(agent.Id, framework.Id, role, resources);
        if (found.Task.Executor is not { } executor) return;
        TaskValidation.Resources(executor.Resources, role, out var ofExecutor);
        if (!agent.Executors.ContainsKey((framework.Id, executor.ExecutorId))) _ledger.Find(agent.Id, framework.Id, role, ofExecutor);
        JoinExecutor(agent, task, executor, ofExecutor);
    }

    private void ArmPing(Agent agent) => agent.Ping = _loop.After(_options.AgentPingInterval, () =>
    {
        if (agent.IsLeaving || _agents.GetValueOrDefault(agent.Id) != agent) return;
        if (agent.Unanswered >= _options.MaxAgentPings)
        {
            if (TryRemovePermit())
            {
                _log.LogWarning("Agent {Agent} at {Host} does not answer", agent.Id.Value, agent.Info.Hostname);
                Leave(
                    agent, AgentStanding.Unreachable, TaskState.Unreachable, "The agent does not answer", static () => { }, _ => ArmPing(agent));
                return;
            }
        }

        agent.Unanswered++;
        agent.Stream?.Send(new AgentEvent { Type = AgentEventType.Ping });
        ArmPing(agent);
    });

    // Its end is durable before anybody learns of it: a framework that was told of a loss may start a replacement.
    private void Leave(Agent agent, AgentStanding standing, TaskState state, string message, Action then, Action<string> refused)
    {
        _changes.Advance();
        agent.IsLeaving = true;
        agent.Ping?.Cancel();
        RescindAll(agent);
        foreach (var accept in agent.Accepts.ToList()) Cancel(accept, message);
        var since = Now;
        Change(
            agent, newest => newest with { Standing = standing, Since = since }, () => Left(agent, agent.Entry, state, message, then),
            cause =>
            {
                agent.IsLeaving = false;
                MarkDirty(agent);
                refused(cause);
            });
    }

    private void Left(Agent agent, AgentEntry entry, TaskState state, string message, Action then)
    {
        var reason = entry.Standing == AgentStanding.Gone && state == TaskState.GoneByOperator
            ? StatusReason.AgentRemovedByOperator : StatusReason.AgentRemoved;
        foreach (var key in agent.Tasks.ToList())
        {
            var framework = _frameworks[key.Framework];
            var task = framework.Tasks[key.Task];
            if (!task.State.IsTerminal()) task = EndByMaster(framework, task, state, reason, message, entry.Since);
            Complete(framework, task);
        }

        foreach (var (key, executor) in agent.Executors.ToList()) FreeExecutor(agent, key, executor);
        _ledger.Close(agent.Id);
        _agents.Remove(agent.Id);
        AddAbsent(agent.Id, entry);
        if (agent.Stream is { } stream)
        {
            if (entry.Standing == AgentStanding.Gone) stream.Send(new AgentEvent { Type = AgentEventType.Shutdown, Reason = message });
            agent.Stream = null;
            stream.Close();
        }

        foreach (var framework in _frameworks.Values)
        {
            framework.ForgetRefusals(agent.Id);
            framework.Stream?.Send(new SchedulerEvent { Type = EventType.Failure, Failure = new FailureEvent(agent.Id) });
        }

        AgentLeft(agent.Id);
        then();
    }

    private void AddAbsent(AgentId id, AgentEntry entry)
    {
        _absent[id] = new AbsentAgent(id, entry, _nextAbsence++);
        if (_absent.Count <= _options.MaxRemembered) return;
        var oldest = _absent.Values.Where(agent => !agent.IsRecovering).MinBy(agent => agent.Order);
        if (oldest is null) return;
        _absent.Remove(oldest.Id);
        Forget(RegistryKeys.Agents, [oldest.Id.Value]);
    }

    private void GiveUpRecoveringAgents()
    {
        foreach (var absent in _absent.Values.Where(agent => agent.IsRecovering && !agent.IsGivenUp && !_admitting.ContainsKey(agent.Id)).ToList())
        {
            if (!TryRemovePermit())
            {
                _loop.After(_options.AgentPingInterval, GiveUpRecoveringAgents);
                return;
            }

            _log.LogWarning("Agent {Agent} at {Host} has not returned", absent.Id.Value, absent.Entry.Info.Hostname);
            var entry = absent.Entry with { Standing = AgentStanding.Unreachable, Since = Now };
            if (absent.Entry.IsUnreadable)
            {
                // The record stays as it is: who reads it next waits for the agent anew.
                absent.Entry = entry;
                continue;
            }

            absent.IsGivenUp = true;
            Store(
                entry,
                () =>
                {
                    absent.Entry = entry;
                    foreach (var framework in _frameworks.Values)
                        framework.Stream?.Send(new SchedulerEvent { Type = EventType.Failure, Failure = new FailureEvent(absent.Id) });
                },
                _ =>
                {
                    absent.IsGivenUp = false;
                    _loop.After(StoreRetry, GiveUpRecoveringAgents);
                });
        }
    }
}
