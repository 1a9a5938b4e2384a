using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>The states of a task.</summary>
[JsonConverter(typeof(TaskPrefixed<TaskState>))]
public enum TaskState
{
    /// <summary>The master sent it to the agent.</summary>
    Staging,

    /// <summary>The agent is bringing it up.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is being ended.</summary>
    Killing,

    /// <summary>It ended by itself with success. Terminal.</summary>
    Finished,

    /// <summary>It ended by itself without success. Terminal.</summary>
    Failed,

    /// <summary>It was ended. Terminal.</summary>
    Killed,

    /// <summary>Its description was refused. Terminal.</summary>
    Error,

    /// <summary>Lost, for frameworks that are not partition-aware. Terminal.</summary>
    Lost,

    /// <summary>It never reached its agent. Terminal.</summary>
    Dropped,

    /// <summary>Its agent does not answer; it may come back.</summary>
    Unreachable,

    /// <summary>It was running on an agent and is gone. Terminal.</summary>
    Gone,

    /// <summary>An operator said that its agent is gone for ever.</summary>
    GoneByOperator,

    /// <summary>The master does not know it.</summary>
    Unknown,
}

/// <summary>What the states mean.</summary>
public static class TaskStates
{
    /// <summary>Whether the task can never run again.</summary>
    public static bool IsTerminal(this TaskState state) => state is TaskState.Finished or TaskState.Failed or TaskState.Killed
        or TaskState.Error or TaskState.Lost or TaskState.Dropped or TaskState.Gone or TaskState.GoneByOperator;
}

/// <summary>Who made a status.</summary>
[JsonConverter(typeof(SourcePrefixed<StatusSource>))]
public enum StatusSource
{
    /// <summary>The master.</summary>
    Master,

    /// <summary>The agent.</summary>
    Agent,

    /// <summary>The executor.</summary>
    Executor,
}

/// <summary>A task's status at a time.</summary>
public sealed record TaskStatusInfo
{
    /// <summary>The task.</summary>
    public required TaskId TaskId { get; init; }

    /// <summary>Its state.</summary>
    public required TaskState State { get; init; }

    /// <summary>For people.</summary>
    public string? Message { get; init; }

    /// <summary>Who made it.</summary>
    public StatusSource? Source { get; init; }

    /// <summary>Why, in Mesos' words without their prefix; see <see cref="StatusReason"/>.</summary>
    public StatusReason? Reason { get; init; }

    /// <summary>Opaque.</summary>
    public byte[]? Data { get; init; }

    /// <summary>The agent.</summary>
    public AgentId? AgentId { get; init; }

    /// <summary>The executor.</summary>
    public ExecutorId? ExecutorId { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public double? Timestamp { get; init; }

    /// <summary>Present when the update must be acknowledged: 16 bytes.</summary>
    public byte[]? Uuid { get; init; }

    /// <summary>The health check's verdict; absent before the first.</summary>
    public bool? Healthy { get; init; }

    /// <summary>The check's last result.</summary>
    public CheckStatusInfo? CheckStatus { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }

    /// <summary>Where it runs.</summary>
    public ContainerStatus? ContainerStatus { get; init; }

    /// <summary>When it became unreachable, in nanoseconds since 1970.</summary>
    public TimeInfo? UnreachableTime { get; init; }

    /// <summary>Which resources it was ended for; absent unless it was.</summary>
    public TaskResourceLimitation? Limitation { get; init; }
}

/// <summary>The resources that a task was ended for, with how much of them it used or was limited to.</summary>
public sealed record TaskResourceLimitation(IReadOnlyList<Resource> Resources);

/// <summary>Nanoseconds since 1970.</summary>
public sealed record TimeInfo(long Nanoseconds);

/// <summary>Where a task runs.</summary>
public sealed record ContainerStatus
{
    /// <summary>The container.</summary>
    public ContainerId? ContainerId { get; init; }

    /// <summary>Its networks and addresses.</summary>
    public IReadOnlyList<NetworkInfo>? NetworkInfos { get; init; }

    /// <summary>The main process, seen from the host.</summary>
    public uint? ExecutorPid { get; init; }
}

/// <summary>Why a task is in its state (the reasons of Mesos that this stack gives).</summary>
[JsonConverter(typeof(ReasonPrefixed<StatusReason>))]
public enum StatusReason
{
    /// <summary>The command ended.</summary>
    CommandExecutorFailed,

    /// <summary>The image or the sandbox could not be made ready.</summary>
    ContainerLaunchFailed,

    /// <summary>More memory than its limit.</summary>
    ContainerLimitationMemory,

    /// <summary>More disk than its limit.</summary>
    ContainerLimitationDisk,

    /// <summary>Some limit.</summary>
    ContainerLimitation,

    /// <summary>Taken back for somebody of higher rank.</summary>
    ContainerPreempted,

    /// <summary>A change of its resources failed.</summary>
    ContainerUpdateFailed,

    /// <summary>The executor could not register in time.</summary>
    ExecutorRegistrationTimeout,

    /// <summary>The executor ended.</summary>
    ExecutorTerminated,

    /// <summary>The executor left and did not return.</summary>
    ExecutorReregistrationTimeout,

    /// <summary>The executor dropped it.</summary>
    ExecutorUnregistered,

    /// <summary>The framework was removed.</summary>
    FrameworkRemoved,

    /// <summary>Resources of the agent could not be made available.</summary>
    GcError,

    /// <summary>The offer is no longer valid.</summary>
    InvalidOffers,

    /// <summary>The framework id is not valid.</summary>
    InvalidFrameworkid,

    /// <summary>The master does not reach the agent any more.</summary>
    MasterDisconnected,

    /// <summary>Answer to a reconciliation.</summary>
    Reconciliation,

    /// <summary>The resources are not known.</summary>
    ResourcesUnknown,

    /// <summary>The agent is disconnected.</summary>
    AgentDisconnected,

    /// <summary>The agent was removed.</summary>
    AgentRemoved,

    /// <summary>The agent was removed by an operator.</summary>
    AgentRemovedByOperator,

    /// <summary>The agent came back.</summary>
    AgentReregistered,

    /// <summary>The agent restarted and could not recover it.</summary>
    AgentRestarted,

    /// <summary>The agent is not known.</summary>
    AgentUnknown,

    /// <summary>The agent drains.</summary>
    AgentDraining,

    /// <summary>Killed while it was being launched.</summary>
    TaskKilledDuringLaunch,

    /// <summary>The check's result changed.</summary>
    TaskCheckStatusUpdated,

    /// <summary>The health check's result changed.</summary>
    TaskHealthCheckStatusUpdated,

    /// <summary>A task of its group is not valid.</summary>
    TaskGroupInvalid,

    /// <summary>A task of its group is not authorized.</summary>
    TaskGroupUnauthorized,

    /// <summary>The task is not valid.</summary>
    TaskInvalid,

    /// <summary>The task is not authorized.</summary>
    TaskUnauthorized,

    /// <summary>The task is not known.</summary>
    TaskUnknown,

    /// <summary>It ran longer than its maximum completion time.</summary>
    MaxCompletionTimeReached,

    /// <summary>I/O switchboard failure.</summary>
    IoSwitchboardExited,

    /// <summary>Another of Mesos' reasons; only ever read.</summary>
    Other,
}
