namespace LifecycleManager.Console.Logs;

/// <summary>A task whose logs are shown.</summary>
/// <param name="AgentId">Its agent.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Name">What tells it from others, before each line.</param>
/// <param name="IsEnded">Whether it has ended: what is there is all.</param>
public sealed record LogSource(string AgentId, string TaskId, string Name, bool IsEnded);
