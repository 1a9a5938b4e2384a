using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Whether a task may be launched, as Mesos' master checks it. Pure.</summary>
internal static class TaskValidation
{
    /// <summary>What is wrong with a task, or null and its resources.</summary>
    /// <param name="task">The task.</param>
    /// <param name="framework">Whose it is.</param>
    /// <param name="agent">Where it is to run.</param>
    /// <param name="role">The role of the offers.</param>
    /// <param name="available">What is left of the offers.</param>
    /// <param name="isLive">Whether an id is of a task that lives.</param>
    /// <param name="resources">What it uses.</param>
    /// <param name="executor">What its executor uses, where that does not run yet.</param>
    public static string? Check(
        TaskInfo task, Framework framework, Agent agent, string role, ResourceSet available, Func<Framework, TaskId, bool> isLive,
        out ResourceSet resources, out ResourceSet executor)
    {
        resources = executor = ResourceSet.Empty;
        if (Ids.Problem(task.TaskId.Value) is { } id) return $"Task ID '{task.TaskId.Value}' is invalid: {id}";
        if (task.AgentId != agent.Id)
            return $"Task uses invalid agent {task.AgentId.Value} while agent {agent.Id.Value} is expected";
        if (isLive(framework, task.TaskId)) return $"Task has duplicate ID: {task.TaskId.Value}";
        if (Content(task) is { } content) return content;
        if (Resources(task.Resources, role, out resources) is { } problem) return problem;
        if (resources.IsEmpty) return "Task uses no resources";
        if (task.Executor is { } info && !agent.Executors.ContainsKey((framework.Id, info.ExecutorId))
            && Resources(info.Resources, role, out executor) is { } executors)
        {
            return $"Executor: {executors}";
        }

        var both = resources.Plus(executor);
        return available.Contains(both) ? null
            : $"Total resources {both} required by task and its executor is more than available {available}";
    }

    /// <summary>What is wrong with a group's executor, or null and its resources where it does not run yet.</summary>
    public static string? CheckGroup(
        LaunchGroupOperation group, Framework framework, Agent agent, string role, ResourceSet available,
        out ResourceSet executor)
    {
        executor = ResourceSet.Empty;
        var info = group.Executor;
        if (group.TaskGroup.Tasks.Count == 0) return "Task group cannot be empty";
        if (Ids.Problem(info.ExecutorId.Value) is { } id) return $"Executor ID '{info.ExecutorId.Value}' is invalid: {id}";
        if (info.FrameworkId is { } other && other != framework.Id)
            return $"ExecutorInfo has an invalid FrameworkID: {other.Value}";
        if (info.Type == "DEFAULT" && info.Command is not null)
            return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor";
        if (info.Type == "CUSTOM" && info.Command is null) return "'ExecutorInfo.command' must be set for 'CUSTOM' executor";
        if (agent.Executors.ContainsKey((framework.Id, info.ExecutorId))) return null;
        if (Resources(info.Resources, role, out executor) is { } problem) return $"Executor: {problem}";
        return available.Contains(executor) ? null : $"Executor resources {executor} are more than available {available}";
    }

    /// <summary>Reads resources that must be allocated to a role.</summary>
    public static string? Resources(IReadOnlyList<Resource>? wire, string role, out ResourceSet resources)
    {
        resources = ResourceSet.Empty;
        try
        {
            if (wire?.FirstOrDefault(r => r?.AllocationInfo?.Role is { } own && own != role) is { } other)
            {
                return $"Task uses invalid resources: {other.Name} is allocated to '{other.AllocationInfo!.Role}' and the offer to '{role}'";
            }

            resources = ResourceWire.Parse(wire);
            return null;
        }
        catch (ResourceException problem)
        {
            return $"Task uses invalid resources: {problem.Message}";
        }
    }

    private static string? Content(TaskInfo task)
    {
        if (string.IsNullOrEmpty(task.Name) && task.Name is null) return "Task has no name";
        if (task.Executor is { } executor)
        {
            if (task.Command is not null)
                return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
            if (Ids.Problem(executor.ExecutorId.Value) is { } id)
                return $"Executor ID '{executor.ExecutorId.Value}' is invalid: {id}";
        }
        else if (task.Command is null && task.Container?.Docker is null)
        {
            return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
        }

        if (task.Container is { Type: ContainerType.Docker, Docker: null })
            return "Task's container is of the type DOCKER and has no 'docker'";
        if (task.KillPolicy?.GracePeriod?.Nanoseconds < 0) return "Task's 'kill_policy.grace_period' must be non-negative";
        if (task.MaxCompletionTime?.Nanoseconds < 0) return "Task's 'max_completion_time' must be non-negative";
        return Health(task.HealthCheck) ?? Check(task.Check);
    }

    private static string? Health(HealthCheck? check)
    {
        if (check is null) return null;
        var problem = check.Type switch
        {
            CheckType.Command when check.Command is null => "expecting 'command' to be set for COMMAND health check",
            CheckType.Http when check.Http is null => "expecting 'http' to be set for HTTP health check",
            CheckType.Tcp when check.Tcp is null => "expecting 'tcp' to be set for TCP health check",
            CheckType.Command or CheckType.Http or CheckType.Tcp => null,
            _ => "'type' must be specified",
        };
        problem ??= Seconds(check.DelaySeconds, "delay_seconds") ?? Seconds(check.IntervalSeconds, "interval_seconds")
            ?? Seconds(check.TimeoutSeconds, "timeout_seconds") ?? Seconds(check.GracePeriodSeconds, "grace_period_seconds");
        return problem is null ? null : $"Task uses invalid health check: {problem}";
    }

    private static string? Check(CheckInfo? check)
    {
        if (check is null) return null;
        var problem = check.Type switch
        {
            CheckType.Command when check.Command is null => "expecting 'command' to be set for COMMAND check",
            CheckType.Http when check.Http is null => "expecting 'http' to be set for HTTP check",
            CheckType.Tcp when check.Tcp is null => "expecting 'tcp' to be set for TCP check",
            CheckType.Command or CheckType.Http or CheckType.Tcp => null,
            _ => "'type' must be specified",
        };
        problem ??= Seconds(check.DelaySeconds, "delay_seconds") ?? Seconds(check.IntervalSeconds, "interval_seconds")
            ?? Seconds(check.TimeoutSeconds, "timeout_seconds");
        return problem is null ? null : $"Task uses invalid check: {problem}";
    }

    private static string? Seconds(double? value, string name) =>
        value is < 0 or double.NaN ? $"expecting '{name}' to be non-negative" : null;
}
