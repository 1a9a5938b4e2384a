using System.Text.Json.Serialization;
using LifecycleManager.Agent.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>What an agent knows of itself.</summary>
/// <param name="Home">
/// Names this work directory for ever; what runs bears it, so that several agents share a machine and an engine.
/// </param>
/// <param name="BootId">The machine's boot in which the agent last ran.</param>
/// <param name="AgentId">The id that the master gave; null before the first registration.</param>
/// <param name="Resources">Checkpointed resources after a reservation; null before one.</param>
internal sealed record AgentRecord(string Home, string? BootId, AgentId? AgentId = null,
    IReadOnlyList<Resource>? Resources = null)
{
    /// <summary>
    /// Whether the record names an agent: JSON may have null where none can be, and ids that are no file's names.
    /// </summary>
    [JsonIgnore]
    public bool IsWhole => AgentDirectory.WhyNotId(Home) is null
        && (AgentId is not { } id || AgentDirectory.WhyNotId(id.Value) is null)
        && Resources?.All(resource => resource?.Name is not null) != false;
}

/// <summary>A task as it was accepted; written before anything is started for it.</summary>
internal sealed record TaskRecord
{
    public required FrameworkInfo Framework { get; init; }

    public required TaskInfo Task { get; init; }

    /// <summary>The <see cref="AgentRecord.Home"/> of its agent; null of tasks that version 0.1.0 began.</summary>
    public string? Home { get; init; }

    /// <summary>Names the container, its directories and its cgroup; never used twice.</summary>
    public required string ContainerId { get; init; }

    public required string Containerizer { get; init; }

    /// <summary>The agent's id at that time.</summary>
    public required AgentId AgentId { get; init; }

    /// <summary>When it was accepted, for people.</summary>
    public required DateTimeOffset Accepted { get; init; }

    /// <summary>
    /// When it was accepted, for deadlines; null of tasks that version 0.1.0 began, and of those without a record.
    /// </summary>
    public BootInstant? Begun { get; init; }

    /// <summary>
    /// As whom a process runs, empty for the agent's own user; null of tasks of earlier versions, and of those
    /// without a record.
    /// </summary>
    public string? User { get; init; }

    /// <summary>The boot in which it was accepted.</summary>
    public string? BootId { get; init; }

    /// <summary>Same for tasks that are launched, and end, together.</summary>
    public string? Group { get; init; }

    /// <summary>Where the record is from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RecordOrigin Origin { get; init; }

    /// <summary>
    /// Whether the record names a task: JSON may have null where none can be, and ids that are no file's names.
    /// </summary>
    [JsonIgnore]
    public bool IsWhole => Framework?.Id is { } framework && Task?.Resources?.All(resource => resource?.Name is not null) == true
        && new[]
    {
        framework.Value, Task.TaskId.Value, AgentId.Value, ContainerId, Containerizer,
    }.All(id => AgentDirectory.WhyNotId(id) is null);

    [JsonIgnore]
    public FrameworkId FrameworkId => Framework.Id!.Value;

    [JsonIgnore]
    public TaskId TaskId => Task.TaskId;

    [JsonIgnore]
    public bool PartitionAware => Can(FrameworkCapability.PartitionAware);

    public bool Can(FrameworkCapability capability) => Framework.Capabilities?.Any(c => c.Type == capability) == true;
}

/// <summary>Where a task's record is from.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RecordOrigin>))]
internal enum RecordOrigin
{
    /// <summary>From its launch: it is all there.</summary>
    Launch,

    /// <summary>
    /// From the mark of what was found running: all but what only a launch needs, so that it is never launched.
    /// </summary>
    Mark,

    /// <summary>From the names of its directories: who it is, not what it uses. Never launched either.</summary>
    Remains,
}

/// <summary>That a task is to end; written before the first signal, so that the end goes on after a crash.</summary>
/// <param name="At">When the end was asked for, for people.</param>
/// <param name="GraceSeconds">Between SIGTERM and SIGKILL.</param>
/// <param name="State">The terminal state that it leads to.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Message">For people.</param>
/// <param name="Healthy">False when failed health checks are the cause.</param>
internal sealed record KillRecord(
    DateTimeOffset At, double GraceSeconds, TaskState State, StatusReason? Reason, string Message, bool? Healthy = null)
{
    /// <summary>When the grace period began; null of records of version 0.1.0.</summary>
    public BootInstant? Begun { get; init; }

    /// <summary>The resources that it is ended for; null where it is not for any.</summary>
    public IReadOnlyList<Resource>? Limitation { get; init; }
}

/// <summary>One line of a task's updates: a status, or its acknowledgement; of the first line, whose updates they are.</summary>
internal sealed record UpdateLine(TaskStatusInfo? Update = null, byte[]? Acknowledged = null, string? ContainerId = null);

/// <summary>How far one stream of a container's output has been copied.</summary>
/// <param name="Time">The engine's time stamp of the last copied line.</param>
/// <param name="Length">The length of the sandbox's file then.</param>
internal sealed record LogPosition(string Time, long Length);

/// <summary>Of both streams; null before a first line.</summary>
internal sealed record LogPositions(LogPosition? Stdout, LogPosition? Stderr);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentRecord))]
[JsonSerializable(typeof(TaskRecord))]
[JsonSerializable(typeof(KillRecord))]
[JsonSerializable(typeof(UpdateLine))]
[JsonSerializable(typeof(LogPositions))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
