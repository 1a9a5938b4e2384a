namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>The last failed instance of an app.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Host">The agent's host name.</param>
/// <param name="AgentId">The agent.</param>
/// <param name="State">Mesos' state, <c>TASK_FAILED</c>.</param>
/// <param name="Message">Why.</param>
/// <param name="At">When.</param>
/// <param name="Version">The app's version that it ran.</param>
internal sealed record InstanceFailure(
    string TaskId, string? Host, string? AgentId, string State, string Message, DateTimeOffset At, DateTimeOffset Version);
