using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Protocol.Agents;

/// <summary>
/// An agent's call to its master's <c>/api/v1/agent</c>: this stack's own protocol (Mesos' is not public), in the style of
/// Mesos' v1 APIs. REGISTER is answered by an unending RecordIO stream of <see cref="AgentEvent"/>s whose response header
/// <c>Mesos-Stream-Id</c> every later call carries; all other calls are answered by 202. The agent opens every connection, so
/// it needs no port that the master can reach. A master that does not lead answers 307 with the leader's address.
/// </summary>
public sealed record AgentCall
{
    /// <summary>Which call; the property of that name is set.</summary>
    public required AgentCallType Type { get; init; }

    /// <summary>The agent; absent only in its first REGISTER.</summary>
    public AgentId? AgentId { get; init; }

    /// <summary>Set when <see cref="Type"/> is Register.</summary>
    public RegisterCall? Register { get; init; }

    /// <summary>Set when <see cref="Type"/> is Update.</summary>
    public StatusUpdateCall? Update { get; init; }

    /// <summary>Set when <see cref="Type"/> is Oversubscribe: the revocable resources now estimated to be free.</summary>
    public OversubscribeCall? Oversubscribe { get; init; }

    /// <summary>Set when <see cref="Type"/> is Message: from an executor to its framework.</summary>
    public AgentMessage? Message { get; init; }
}

/// <summary>The calls of an agent.</summary>
[JsonConverter(typeof(UpperSnake<AgentCallType>))]
public enum AgentCallType
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Opens the event stream, with everything that the agent runs.</summary>
    Register,

    /// <summary>A task's status; repeated with growing delay until acknowledged.</summary>
    Update,

    /// <summary>Answers a PING.</summary>
    Pong,

    /// <summary>States its slack.</summary>
    Oversubscribe,

    /// <summary>A message to a framework.</summary>
    Message,

    /// <summary>The agent leaves for good: its tasks are ended.</summary>
    Unregister,
}

/// <summary>REGISTER. A known agent states its id in <see cref="AgentInfo.Id"/> and what it runs.</summary>
/// <param name="AgentInfo">The agent.</param>
/// <param name="Version">Its version.</param>
/// <param name="Tasks">Every task that it runs or whose last status is not yet acknowledged.</param>
/// <param name="Frameworks">The frameworks of those tasks.</param>
/// <param name="Features">What its containerizers can do: <c>docker</c>, <c>process</c>.</param>
/// <param name="Address">Where its own HTTP surface is reached, which need not be where its tasks listen; null of agents of
/// earlier versions, which it is at their host name and port.</param>
public sealed record RegisterCall(
    AgentInfo AgentInfo,
    string Version,
    IReadOnlyList<AgentTask>? Tasks = null,
    IReadOnlyList<FrameworkInfo>? Frameworks = null,
    IReadOnlyList<string>? Features = null,
    string? Address = null);

/// <summary>A task as its agent knows it.</summary>
public sealed record AgentTask(FrameworkId FrameworkId, TaskInfo Task, TaskStatusInfo Status);

/// <summary>UPDATE: the oldest status that the framework has not acknowledged, and the newest state.</summary>
public sealed record StatusUpdateCall(FrameworkId FrameworkId, TaskStatusInfo Status, TaskState LatestState);

/// <summary>OVERSUBSCRIBE.</summary>
public sealed record OversubscribeCall(IReadOnlyList<Resource> Resources);

/// <summary>MESSAGE, either way.</summary>
public sealed record AgentMessage(FrameworkId FrameworkId, ExecutorId ExecutorId, byte[] Data);
