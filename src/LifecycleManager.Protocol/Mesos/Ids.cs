namespace LifecycleManager.Protocol.Mesos;

/// <summary>A framework's id, given by the master.</summary>
public readonly record struct FrameworkId(string Value);

/// <summary>An agent's id, given by the master.</summary>
public readonly record struct AgentId(string Value);

/// <summary>An offer's id.</summary>
public readonly record struct OfferId(string Value);

/// <summary>A task's id, chosen by the framework and never used twice.</summary>
public readonly record struct TaskId(string Value);

/// <summary>An executor's id, chosen by the framework.</summary>
public readonly record struct ExecutorId(string Value);

/// <summary>A container's id, chosen by the agent.</summary>
public sealed record ContainerId(string Value, ContainerId? Parent = null);

/// <summary>A reservation's or operation's id.</summary>
public readonly record struct OperationId(string Value);

/// <summary>A resource provider's id.</summary>
public readonly record struct ResourceProviderId(string Value);
