using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Launching;

/// <summary>A container could not be launched.</summary>
internal sealed class LaunchException(string message, TaskState state = TaskState.Failed,
    StatusReason reason = StatusReason.ContainerLaunchFailed)
    : Exception(message)
{
    /// <summary>The task's terminal state.</summary>
    public TaskState State { get; } = state;

    /// <summary>The resources that it exceeds; null where it is not for any.</summary>
    public IReadOnlyList<Resource>? Limitation { get; init; }

    /// <summary>Its reason.</summary>
    public StatusReason Reason { get; } = reason;
}
