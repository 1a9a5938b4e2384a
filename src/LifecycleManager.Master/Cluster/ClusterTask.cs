using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>A task as the master knows it. Immutable: a change is a new record, so that readers may hold on to one.</summary>
internal sealed record ClusterTask
{
    public required TaskInfo Info { get; init; }

    public required FrameworkId FrameworkId { get; init; }

    public required AgentId AgentId { get; init; }

    /// <summary>The role whose offer it was launched with.</summary>
    public required string Role { get; init; }

    public required ResourceSet Resources { get; init; }

    public TaskState State { get; init; } = TaskState.Staging;

    /// <summary>One status for each state that it was in, oldest first.</summary>
    public IReadOnlyList<TaskStatusInfo> Statuses { get; init; } = [];

    /// <summary>
    /// The state and uuid of the status last sent to the framework; a terminal one's acknowledgement ends the task.
    /// </summary>
    public TaskState? SentState { get; init; }

    public byte[]? SentUuid { get; init; }

    /// <summary>Set from a KILL until the task ends: repeated when the agent returns.</summary>
    public KillEvent? Kill { get; init; }

    /// <summary>The executor that it was launched with, or null for its own.</summary>
    public ExecutorId? Executor { get; init; }

    public TaskId Id => Info.TaskId;

    /// <summary>With a status more.</summary>
    public ClusterTask With(TaskState state, TaskStatusInfo status)
    {
        // Unchanged states come again with each health check: the newest of a state stands for all.
        var statuses = Statuses.Count > 0 && Statuses[^1].State == status.State ? Statuses.Take(Statuses.Count - 1) : Statuses;
        return this with { State = state, Statuses = [.. statuses, status with { Data = null }] };
    }
}
