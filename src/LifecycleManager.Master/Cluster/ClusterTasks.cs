using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>The life of tasks: statuses, acknowledgements, kills, reconciliation, and the executors that they run in.</summary>
internal sealed class ClusterTasks(
    ClusterServices services, Ledger ledger, AgentTable agents, FrameworkTable frameworks, AllocationQueue allocations,
    OperatorEvents events)
{
    private MesosCounters Counters => services.Metrics.Mesos;

    /// <summary>Told when a task is no longer on its agent.</summary>
    public Action<Agent>? OnCompleted { get; set; }

    /// <summary>A task is found on an agent, whatever was believed of it.</summary>
    public static void AddFound(Framework framework, Agent agent, ClusterTask task)
    {
        framework.Unreachable.Remove(task.Id);
        framework.Completed.Remove(task.Id);
        Add(framework, agent, task);
    }

    /// <summary>A task is launched on an agent.</summary>
    public static void Add(Framework framework, Agent agent, ClusterTask task)
    {
        framework.Tasks[task.Id] = task;
        agent.Tasks.Add((framework.Id, task.Id));
    }

    /// <summary>The tasks of an unreachable agent have ended with it: an operator said so.</summary>
    public void EndUnreachable(Framework framework, AgentId agent, string message)
    {
        foreach (var task in framework.Unreachable.Values.Where(task => task.AgentId == agent).ToList())
        {
            var status = ForCapabilities(framework, MasterStatus(
                task.Id, agent, TaskState.GoneByOperator, StatusReason.AgentRemovedByOperator, message));
            var ended = task.With(status.State, status) with { SentState = status.State, SentUuid = null };
            framework.Unreachable.Remove(task.Id);
            framework.Completed.Put(task.Id, ended, services.Options.MaxCompletedTasks);
            Counters.Ended(status, framework);
            SendUpdate(framework, status);
        }
    }

    /// <summary>UPDATE of an agent: kept by the agent until its framework acknowledges it.</summary>
    public void Update(Agent agent, StatusUpdateCall call)
    {
        var status = call.Status with { AgentId = agent.Id, Source = call.Status.Source ?? StatusSource.Agent };
        Counters.Inc(MasterCount.MessagesStatusUpdate, frameworks.Known.ContainsKey(call.FrameworkId),
            MasterCount.ValidStatusUpdates, MasterCount.InvalidStatusUpdates);
        if (!frameworks.Known.TryGetValue(call.FrameworkId, out var framework))
        {
            // Nobody will ever acknowledge it.
            SendAcknowledge(agent, call.FrameworkId, status.TaskId, status.Uuid);
            return;
        }

        framework.Tasks.TryGetValue(status.TaskId, out var task);
        if (task is null && !call.LatestState.IsTerminal() && IsEndedByMaster(framework, status.TaskId))
        {
            SendKill(agent, new KillEvent(framework.Id, status.TaskId));
            SendAcknowledge(agent, framework.Id, status.TaskId, status.Uuid);
            return;
        }

        if (task is not null && task.AgentId != agent.Id)
        {
            // Of the second of two tasks with one id, that was ended: the framework knows only the first.
            SendAcknowledge(agent, framework.Id, status.TaskId, status.Uuid);
            return;
        }

        if (task is not null)
        {
            var latest = task.State.IsTerminal() ? task.State : call.LatestState;
            var isRepeated = task.SentUuid is { } sent && status.Uuid is { } uuid && sent.AsSpan().SequenceEqual(uuid);
            var updated = (isRepeated ? task with { State = latest } : task.With(latest, status)) with
            {
                SentState = status.State,
                SentUuid = status.Uuid,
            };
            SetState(updated, task);
            events.TaskUpdated(updated, status);
        }

        if (framework.UnregisteredAt is null)
        {
            SendUpdate(framework, status);
            return;
        }

        SendAcknowledge(agent, framework.Id, status.TaskId, status.Uuid);
        if (status.State.IsTerminal() && framework.Tasks.TryGetValue(status.TaskId, out var last))
        {
            Complete(framework, last);
            frameworks.Retire(framework);
        }
    }

    /// <summary>ACKNOWLEDGE of a framework.</summary>
    public void Acknowledge(Framework framework, AcknowledgeCall call)
    {
        // While the agent is away it would repeat the status after all: it is acknowledged then.
        var agent = agents.Registered.GetValueOrDefault(call.AgentId);
        Counters.Inc(MasterCount.MessagesStatusUpdateAcknowledgement, agent is { IsConnected: true },
            MasterCount.ValidStatusUpdateAcknowledgements, MasterCount.InvalidStatusUpdateAcknowledgements);
        if (agent is not { IsConnected: true }) return;
        SendAcknowledge(agent, framework.Id, call.TaskId, call.Uuid);
        if (framework.Tasks.TryGetValue(call.TaskId, out var task) && task.AgentId == call.AgentId
            && task.SentState?.IsTerminal() == true && task.SentUuid.AsSpan().SequenceEqual(call.Uuid))
        {
            Complete(framework, task);
        }
    }

    /// <summary>KILL: passed to the agent, again when it returns; a task that is not known is reconciled.</summary>
    public void Kill(Framework framework, KillCall call)
    {
        Counters.Inc(MasterCount.MessagesKillTask);
        var kill = new KillEvent(framework.Id, call.TaskId, call.KillPolicy);
        if (!framework.Tasks.TryGetValue(call.TaskId, out var task))
        {
            if (framework.Unreachable.Contains(call.TaskId) || agents.MayReturn(call.AgentId))
                framework.PendingKills.Put(call.TaskId, kill, services.Options.MaxUnreachableTasks);
            Reconcile(framework, call.TaskId, call.AgentId);
            return;
        }

        services.Changes.Advance();
        if (!task.State.IsTerminal()) framework.Tasks[task.Id] = task with { Kill = kill };
        SendKill(agents.Registered[task.AgentId], kill);
    }

    /// <summary>RECONCILE: of the tasks stated, or of all.</summary>
    public void Reconcile(Framework framework, ReconcileCall call)
    {
        Counters.Inc(MasterCount.MessagesReconcileTasks);
        if (call.Tasks is { Count: > 0 } tasks)
        {
            foreach (var task in tasks) Reconcile(framework, task.TaskId, task.AgentId);
            return;
        }

        foreach (var task in framework.Tasks.Values) SendUpdate(framework, Latest(task));
        if (!framework.IsPartitionAware) return;
        foreach (var task in framework.Unreachable.Values) SendUpdate(framework, Latest(task));
    }

    private void Reconcile(Framework framework, TaskId id, AgentId? agentId)
    {
        if (framework.Tasks.TryGetValue(id, out var task) || framework.Unreachable.TryGet(id, out task))
        {
            SendUpdate(framework, Latest(task));
            return;
        }

        if (agentId is not { } known)
        {
            // An agent that has not yet returned may have it.
            if (agents.Absent.Values.Any(absent => absent.IsRecovering)) return;
            SendUpdate(framework, MasterStatus(id, null, TaskState.Unknown, StatusReason.Reconciliation,
                "Reconciliation: Task is unknown"));
        }
        else if (agents.Registered.ContainsKey(known))
        {
            SendUpdate(framework, MasterStatus(
                id, known, TaskState.Gone, StatusReason.Reconciliation, "Reconciliation: Task is unknown to the agent"));
        }
        else if (!agents.Absent.TryGetValue(known, out var absent))
        {
            SendUpdate(framework, MasterStatus(
                id, known, TaskState.Unknown, StatusReason.Reconciliation, "Reconciliation: Task and agent are unknown"));
        }
        else if (absent.Entry.Standing == AgentStanding.Gone)
        {
            SendUpdate(framework, MasterStatus(
                id, known, TaskState.GoneByOperator, StatusReason.Reconciliation, "Reconciliation: Agent is gone"));
        }
        else if (absent.Entry.Standing == AgentStanding.Unreachable)
        {
            SendUpdate(framework, MasterStatus(
                id, known, TaskState.Unreachable, StatusReason.Reconciliation, "Reconciliation: Agent is unreachable",
                absent.Entry.Since));
        }
    }

    /// <summary>
    /// Its launch was on its way while its agent returned without it: the framework was told that it does not run, so be it.
    /// </summary>
    public static bool IsEndedByMaster(Framework framework, TaskId task) =>
        framework.Completed.TryGet(task, out var ended) && ended.State.IsTerminal() && ended.SentUuid is null;

    /// <summary>What was to be launched never is.</summary>
    public void Refuse(Framework framework, TaskInfo task, TaskState state, StatusReason reason, string message)
    {
        var status = ForCapabilities(framework, MasterStatus(task.TaskId, task.AgentId, state, reason, message));
        Counters.Ended(status, framework);
        SendUpdate(framework, status);
    }

    /// <summary>A terminal state frees the resources, and is counted, once.</summary>
    public void SetState(ClusterTask task, ClusterTask before)
    {
        if (task.State.IsTerminal() && !before.State.IsTerminal()) Counters.Ended(task, frameworks.Known[task.FrameworkId]);
        Free(task, before);
    }

    private void Free(ClusterTask task, ClusterTask before)
    {
        services.Changes.Advance();
        var framework = frameworks.Known[task.FrameworkId];
        framework.Tasks[task.Id] = task;
        if (before.State.IsTerminal() || !task.State.IsTerminal()) return;
        var agent = agents.Registered[task.AgentId];
        ledger.Free(agent.Id, framework.Id, task.Role, task.Resources);
        LeaveExecutor(agent, task);
        allocations.MarkDirty(agent);
    }

    /// <summary>Ends a task on the master's own word; nobody acknowledges that.</summary>
    public ClusterTask EndByMaster(
        Framework framework, ClusterTask task, TaskState state, StatusReason reason, string message, DateTimeOffset? since = null)
    {
        var status = ForCapabilities(framework, MasterStatus(task.Id, task.AgentId, state, reason, message, since));
        var ended = task.With(status.State, status) with { SentState = status.State, SentUuid = null };

        // UNREACHABLE is not terminal, yet the resources are gone with the agent.
        if (ended.State.IsTerminal()) SetState(ended, task);
        else Free(ended with { State = TaskState.Gone }, task);
        framework.Tasks[task.Id] = ended;
        SendUpdate(framework, status);
        events.TaskUpdated(ended, status);
        return ended;
    }

    /// <summary>Out of the living tasks; remembered for a while.</summary>
    public void Complete(Framework framework, ClusterTask task)
    {
        services.Changes.Advance();
        framework.Tasks.Remove(task.Id);
        if (agents.Registered.TryGetValue(task.AgentId, out var agent))
        {
            agent.Tasks.Remove((framework.Id, task.Id));
            OnCompleted?.Invoke(agent);
        }

        var isUnreachable = task.Statuses.Count > 0 && task.Statuses[^1].UnreachableTime is not null;
        if (isUnreachable) framework.Unreachable.Put(task.Id, task, services.Options.MaxUnreachableTasks);
        else framework.Completed.Put(task.Id, task, services.Options.MaxCompletedTasks);
    }

    /// <summary>A task runs in an executor, whose own resources are used from its first task to the end of its last.</summary>
    public static void JoinExecutor(Agent agent, ClusterTask task, ExecutorInfo info, ResourceSet resources)
    {
        var key = (task.FrameworkId, info.ExecutorId);
        if (!agent.Executors.TryGetValue(key, out var executor))
            agent.Executors[key] = executor = new ExecutorRecord(info, task.Role, resources);
        executor.Tasks.Add(task.Id);
    }

    private void LeaveExecutor(Agent agent, ClusterTask task)
    {
        if (task.Executor is not { } id || !agent.Executors.TryGetValue((task.FrameworkId, id), out var executor)) return;
        executor.Tasks.Remove(task.Id);
        if (executor.Tasks.Count == 0) FreeExecutor(agent, (task.FrameworkId, id), executor);
    }

    /// <summary>An executor has ended: what it used is free.</summary>
    public void FreeExecutor(Agent agent, (FrameworkId Framework, ExecutorId Executor) key, ExecutorRecord executor)
    {
        services.Changes.Advance();
        if (!agent.Executors.Remove(key)) return;
        ledger.Free(agent.Id, key.Framework, executor.Role, executor.Resources);
    }

    /// <summary>A status on the master's own word.</summary>
    public TaskStatusInfo MasterStatus(
        TaskId task, AgentId? agent, TaskState state, StatusReason reason, string message, DateTimeOffset? unreachableSince =
            null) => new()
            {
                TaskId = task,
                AgentId = agent,
                State = state,
                Source = StatusSource.Master,
                Reason = reason,
                Message = message,
                Timestamp = services.Now.ToUnixTimeMilliseconds() / 1000.0,
                UnreachableTime = state == TaskState.Unreachable && unreachableSince is { } since
            ? new TimeInfo(since.ToUnixTimeMilliseconds() * 1_000_000) : null,
            };

    /// <summary>The newest status of a task, for its reconciliation.</summary>
    public TaskStatusInfo Latest(ClusterTask task)
    {
        var state = task.SentState ?? task.State;
        var last = task.Statuses.LastOrDefault(status => status.State == state);
        return new TaskStatusInfo
        {
            TaskId = task.Id,
            AgentId = task.AgentId,
            ExecutorId = last?.ExecutorId,
            State = state,
            Source = StatusSource.Master,
            Reason = StatusReason.Reconciliation,
            Message = "Reconciliation: Latest task state",
            Timestamp = services.Now.ToUnixTimeMilliseconds() / 1000.0,
            Healthy = last?.Healthy,
            CheckStatus = last?.CheckStatus,
            Labels = last?.Labels,
            ContainerStatus = last?.ContainerStatus,
            UnreachableTime = last?.UnreachableTime,
        };
    }

    /// <summary>A status as the framework understands it: without PARTITION_AWARE some states are LOST.</summary>
    public static TaskStatusInfo ForCapabilities(Framework framework, TaskStatusInfo status) =>
        status.State is TaskState.Unreachable or TaskState.Gone or TaskState.GoneByOperator or TaskState.Dropped
        or TaskState.Unknown
        && !framework.IsPartitionAware ? status with { State = TaskState.Lost } : status;

    /// <summary>Sends a status to the framework.</summary>
    public void SendUpdate(Framework framework, TaskStatusInfo status) =>
        services.Effects.Send(framework, new SchedulerEvent
        {
            Type = EventType.Update,
            Update = new UpdateEvent(ForCapabilities(framework, status))
        });

    /// <summary>Acknowledges a status to its agent; one without uuid needs none.</summary>
    public void SendAcknowledge(Agent agent, FrameworkId framework, TaskId task, byte[]? uuid)
    {
        if (uuid is null) return;
        services.Effects.Send(agent.Stream, new AgentEvent
        {
            Type = AgentEventType.Acknowledge,
            Acknowledge = new AcknowledgeEvent(framework, task, uuid)
        });
    }

    /// <summary>Sends a kill to the agent.</summary>
    public void SendKill(Agent agent, KillEvent kill)
    {
        services.Log.LogDebug("Kill {Task} on {Agent}", kill.TaskId.Value, agent.Id.Value);
        services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.Kill, Kill = kill });
    }
}
