using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Protocol.Agents;

/// <summary>What the master tells an agent on its stream.</summary>
public sealed record AgentEvent
{
    /// <summary>Which event; the property of that name is set.</summary>
    public required AgentEventType Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Registered.</summary>
    public RegisteredEvent? Registered { get; init; }

    /// <summary>Set when <see cref="Type"/> is Run.</summary>
    public RunEvent? Run { get; init; }

    /// <summary>Set when <see cref="Type"/> is Kill.</summary>
    public KillEvent? Kill { get; init; }

    /// <summary>Set when <see cref="Type"/> is Acknowledge.</summary>
    public AcknowledgeEvent? Acknowledge { get; init; }

    /// <summary>Set when <see cref="Type"/> is KillFramework.</summary>
    public FrameworkId? KillFramework { get; init; }

    /// <summary>Set when <see cref="Type"/> is Resend.</summary>
    public FrameworkId? Resend { get; init; }

    /// <summary>Set when <see cref="Type"/> is Resources: the agent's checkpointed resources after a reservation.</summary>
    public IReadOnlyList<Resource>? Resources { get; init; }

    /// <summary>Set when <see cref="Type"/> is Message.</summary>
    public AgentMessage? Message { get; init; }

    /// <summary>Set when <see cref="Type"/> is Shutdown or Error: why.</summary>
    public string? Reason { get; init; }
}

/// <summary>The events of an agent's stream.</summary>
[JsonConverter(typeof(UpperSnake<AgentEventType>))]
public enum AgentEventType
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>First on the stream: the agent's id.</summary>
    Registered,

    /// <summary>Launch tasks.</summary>
    Run,

    /// <summary>End a task; a task that is not known is answered by TASK_DROPPED (or TASK_LOST, TASK_GONE as fits).</summary>
    Kill,

    /// <summary>A status update was acknowledged by its framework.</summary>
    Acknowledge,

    /// <summary>End all tasks of a framework.</summary>
    KillFramework,

    /// <summary>A framework is subscribed again: what it has not acknowledged is sent anew, at once.</summary>
    Resend,

    /// <summary>New checkpointed resources.</summary>
    Resources,

    /// <summary>A message to an executor.</summary>
    Message,

    /// <summary>Answer with PONG at once.</summary>
    Ping,

    /// <summary>End all tasks and stop: the master has given the agent up.</summary>
    Shutdown,

    /// <summary>The registration is refused; the stream ends.</summary>
    Error,
}

/// <summary>REGISTERED.</summary>
/// <param name="AgentId">The id; an unknown or expired old id is answered by a SHUTDOWN or a new id, as the master's policy
/// says.</param>
/// <param name="MasterId">The master's id; changes with each election.</param>
/// <param name="PingSeconds">Without a PING for five times this, the agent reconnects.</param>
public sealed record RegisteredEvent(AgentId AgentId, string MasterId, double PingSeconds);

/// <summary>RUN: tasks of one framework; launched together or not at all where <paramref name="Group"/> is set.</summary>
public sealed record RunEvent(FrameworkInfo Framework, IReadOnlyList<TaskInfo> Tasks, bool Group = false,
    ExecutorInfo? Executor = null);

/// <summary>KILL.</summary>
public sealed record KillEvent(FrameworkId FrameworkId, TaskId TaskId, KillPolicy? KillPolicy = null);

/// <summary>ACKNOWLEDGE.</summary>
public sealed record AcknowledgeEvent(FrameworkId FrameworkId, TaskId TaskId, byte[] Uuid);
