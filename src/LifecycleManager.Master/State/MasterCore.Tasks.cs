using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.State;

internal sealed partial class MasterCore
{
    /// <summary>Launches tasks of one agent, together where they are a group; gives what is left of the offered resources.</summary>
    private ResourceBag Launch(FrameworkEntry framework, AgentEntry agent, IReadOnlyList<TaskInfo> tasks, bool group, ResourceBag remaining)
    {
        var left = remaining;
        var ready = new List<TaskEntry>();
        string? failure = null;
        foreach (var task in tasks)
        {
            if (Invalid(framework, agent, task, left, ready) is { } reason)
            {
                failure = reason;
                if (!group) Tell(framework, Made(task, TaskState.Error, StatusReason.TaskInvalid, reason));
                continue;
            }

            var resources = ResourceBag.Of(task.Resources);
            left = left.Minus(resources);
            ready.Add(new TaskEntry(framework.Id, task, resources, Made(task, TaskState.Staging, null, null)));
        }

        if (group && failure is not null)
        {
            foreach (var task in tasks) Tell(framework, Made(task, TaskState.Error, StatusReason.TaskGroupInvalid, failure));
            return remaining;
        }

        if (agent.Stream is null)
        {
            foreach (var task in ready)
                Tell(framework, Made(task.Info, framework.Can(FrameworkCapability.PartitionAware) ? TaskState.Dropped : TaskState.Lost, StatusReason.AgentDisconnected, "the agent is disconnected"));
            return remaining;
        }

        if (ready.Count == 0) return remaining;
        foreach (var task in ready)
        {
            framework.Tasks[task.Info.TaskId] = task;
            agent.Tasks[(framework.Id, task.Info.TaskId)] = task;
            agent.Used = agent.Used.Plus(task.Resources);
            Counters.TasksLaunched++;
        }

        agent.Stream.Write(new AgentEvent
        {
            Type = AgentEventType.Run, Run = new RunEvent(framework.Info, [.. ready.Select(task => task.Info)], group),
        });
        return left;
    }

    private static string? Invalid(FrameworkEntry framework, AgentEntry agent, TaskInfo task, ResourceBag left, List<TaskEntry> ready)
    {
        var id = task.TaskId.Value;
        if (string.IsNullOrEmpty(id)) return "the task has no id";
        if (id.Length > 255 || id is "." or ".." || id.AsSpan().IndexOfAny('/', '\\') >= 0 || id.Any(char.IsControl))
            return $"the task id '{id}' has characters that cannot be in a file's name, or more than 255 of them";
        if (framework.Tasks.ContainsKey(task.TaskId) || ready.Any(other => other.Info.TaskId == task.TaskId)) return $"the task id '{id}' is in use";
        if (task.AgentId != agent.Id) return $"the task is for agent {task.AgentId.Value}, the offer of agent {agent.Id.Value}";
        if (task.Executor is not null) return "custom executors are not supported";
        if (task.Command is null && task.Container is null) return "the task has neither a command nor a container";
        if (task.Container is { Type: ContainerType.Docker, Docker: null }) return "the task's Docker container has no image";
        try
        {
            var resources = ResourceBag.Of(task.Resources);
            if (resources.IsEmpty) return "the task uses no resources";
            return left.Missing(resources) is { } missing ? $"the task uses more than is offered: {missing}" : null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static IEnumerable<TaskInfo> TasksOf(AcceptCall call) => (call.Operations ?? []).SelectMany(operation =>
        operation.Launch?.TaskInfos ?? operation.LaunchGroup?.TaskGroup.Tasks ?? []);

    /// <summary>Takes up what an agent says that it runs, and settles what it does not run any more.</summary>
    private void Adopt(AgentEntry agent, IReadOnlyList<AgentTask> running)
    {
        var told = running.ToDictionary(task => (task.FrameworkId, task.Task.TaskId));
        foreach (var (key, task) in agent.Tasks.Where(task => !told.ContainsKey(task.Key)).ToArray())
        {
            if (task.IsTerminal) continue;
            var framework = Frameworks[key.Item1];
            Advance(agent, task, framework.Can(FrameworkCapability.PartitionAware) ? TaskState.Gone : TaskState.Lost);
            Tell(framework, Made(task.Info, task.State, StatusReason.AgentReregistered, "the agent came back without the task"));
            Forget(agent, framework, task);
        }

        foreach (var (key, said) in told)
        {
            if (!Frameworks.TryGetValue(key.FrameworkId, out var framework))
            {
                agent.Stream?.Write(new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = key.FrameworkId });
                continue;
            }

            if (agent.Tasks.TryGetValue(key, out var known))
            {
                var back = known.State is TaskState.Unreachable;
                if (back && !said.Status.State.IsTerminal()) agent.Used = agent.Used.Plus(known.Resources);
                if (back) known.State = said.Status.State;
                else Advance(agent, known, said.Status.State);
                if (back) Tell(framework, Known(known));
                continue;
            }

            var task = new TaskEntry(key.FrameworkId, said.Task, ResourceBag.Of(said.Task.Resources), said.Status with { AgentId = agent.Id, Uuid = null });
            agent.Tasks[key] = task;
            framework.Tasks[said.Task.TaskId] = task;
            if (!task.IsTerminal) agent.Used = agent.Used.Plus(task.Resources);
        }
    }

    /// <summary>A framework that an agent's tasks belong to and that this master has not seen yet.</summary>
    private void Recover(FrameworkInfo info)
    {
        if (info.Id is not { } id || Frameworks.ContainsKey(id) || CompletedFrameworks.Any(framework => framework.Id == id)) return;
        Frameworks[id] = new FrameworkEntry(id, info, time.GetUtcNow()) { RemovedAt = time.GetUtcNow() + FailoverTimeout(info) };
    }

    private void Unreachable(AgentEntry agent, DateTimeOffset now)
    {
        agent.Stream?.Complete();
        agent.Stream = null;
        agent.Standing = AgentStanding.Unreachable;
        agent.UnreachableSince = now;
        RemoveOffers(agent);
        LoseTasks(agent, TaskState.Unreachable, StatusReason.AgentRemoved, "the agent does not answer");
        TellFailure(agent.Id);
    }

    /// <summary>Tells the tasks' frameworks; those that are not partition-aware know LOST alone.</summary>
    private void LoseTasks(AgentEntry agent, TaskState state, StatusReason reason, string message)
    {
        foreach (var task in agent.Tasks.Values.Where(task => !task.IsTerminal).ToArray())
        {
            var framework = Frameworks[task.Framework];
            agent.Used = agent.Used.Minus(task.Resources);
            task.State = state;
            var status = Made(task.Info, framework.Can(FrameworkCapability.PartitionAware) ? state : TaskState.Lost, reason, message);
            task.Status = status;
            Tell(framework, status);
            if (state.IsTerminal()) Forget(agent, framework, task);
        }
    }

    private void Advance(AgentEntry agent, TaskEntry task, TaskState state)
    {
        if (task.IsTerminal) return;
        var holds = task.State != TaskState.Unreachable;
        task.State = state;
        if (!state.IsTerminal() || !holds) return;
        agent.Used = agent.Used.Minus(task.Resources);
        WantsAllocation = true;
    }

    private void Forget(AgentEntry agent, FrameworkEntry framework, TaskEntry task)
    {
        agent.Tasks.Remove((framework.Id, task.Info.TaskId));
        framework.Tasks.Remove(task.Info.TaskId);
        framework.Completed.Enqueue(task);
        while (framework.Completed.Count > options.MaxCompleted) framework.Completed.Dequeue();
    }

    private TaskStatusInfo Made(TaskInfo task, TaskState state, StatusReason? reason, string? message) => new()
    {
        TaskId = task.TaskId, AgentId = task.AgentId, State = state, Reason = reason, Message = message,
        Source = StatusSource.Master, Timestamp = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
    };

    private TaskStatusInfo Known(TaskEntry task) =>
        task.Status with
        {
            State = task.State, Uuid = null, AgentId = task.Info.AgentId, Reason = StatusReason.Reconciliation, Source = StatusSource.Master,
            Message = "Reconciliation: Latest task state", Timestamp = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
        };

    private TaskStatusInfo Unknown(FrameworkEntry framework, TaskId task, AgentId? agentId)
    {
        var agent = agentId is { } id ? Agents.GetValueOrDefault(id) : null;
        var state = !framework.Can(FrameworkCapability.PartitionAware) ? TaskState.Lost
            : agentId is null || agent is null ? TaskState.Unknown
            : agent.Standing == AgentStanding.Unreachable ? TaskState.Unreachable : TaskState.Gone;
        return new TaskStatusInfo
        {
            TaskId = task, AgentId = agentId, State = state, Reason = StatusReason.Reconciliation, Source = StatusSource.Master,
            Message = "Reconciliation: Task is unknown", Timestamp = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
        };
    }

    private static void Tell(FrameworkEntry framework, TaskStatusInfo status) =>
        Send(framework, new SchedulerEvent { Type = EventType.Update, Update = new UpdateEvent(status) });

    private void TellFailure(AgentId agent)
    {
        foreach (var framework in Frameworks.Values)
            Send(framework, new SchedulerEvent { Type = EventType.Failure, Failure = new FailureEvent(agent) });
    }

    private static void Send(FrameworkEntry framework, SchedulerEvent message) => framework.Stream?.Write(message);

    private static TimeSpan FailoverTimeout(FrameworkInfo info) =>
        TimeSpan.FromSeconds(Math.Clamp(info.FailoverTimeout ?? 0, 0, TimeSpan.FromDays(3650).TotalSeconds));
}
