using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>One instance of an app, from the decision to launch it until its end. Immutable.</summary>
internal sealed record Instance
{
    /// <summary>
    /// The Mesos task's id, <c>app_path.instance-uuid._app.1</c>; of a pod's instance, what the ids of its tasks begin with,
    /// <c>pod_path.instance-uuid</c>.
    /// </summary>
    public required string TaskId { get; init; }

    /// <summary>The app.</summary>
    public required AppId AppId { get; init; }

    /// <summary>The version of the app that it was launched from.</summary>
    public required DateTimeOffset Version { get; init; }

    /// <summary>
    /// The version that last changed more than the count when it was launched: two instances with the same one run the same
    /// thing.
    /// </summary>
    public required DateTimeOffset ConfigVersion { get; init; }

    /// <summary>The agent.</summary>
    public required string AgentId { get; init; }

    /// <summary>The agent's host name.</summary>
    public required string Host { get; init; }

    /// <summary>Host ports in the order of the app's ports; null where a port is not published.</summary>
    public IReadOnlyList<int?> Ports { get; init; } = [];

    /// <summary>The agent's attributes as text, for constraints.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = NoAttributes;

    /// <summary>The agent's region.</summary>
    public string? Region { get; init; }

    /// <summary>The agent's zone.</summary>
    public string? Zone { get; init; }

    /// <summary>The role that its resources come from.</summary>
    public string Role { get; init; } = "*";

    /// <summary>Its state.</summary>
    public required InstanceState State { get; init; }

    /// <summary>What is to become of it.</summary>
    public InstanceGoal Goal { get; init; }

    /// <summary>
    /// How it is kept from getting work before it is killed; null where it is killed at once, and while it is not to end.
    /// </summary>
    internal Drain? Drain { get; init; }

    /// <summary>Its state as others are to see it: one that drains is being ended, though its agent has yet to be told.</summary>
    public InstanceState ShownState => Drain is not null && State == InstanceState.Running ? InstanceState.Killing : State;

    /// <summary>When the launch was decided.</summary>
    public required DateTimeOffset StagedAt { get; init; }

    /// <summary>As <see cref="StagedAt"/>, by the scheduler's clock.</summary>
    internal TimeSpan StagedClock { get; init; }

    /// <summary>When the launch was decided, by both clocks.</summary>
    internal ClockReading Staged => new(StagedAt, StagedClock);

    /// <summary>When it first ran.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>As <see cref="StartedAt"/>, by the scheduler's clock.</summary>
    internal TimeSpan? StartedClock { get; init; }

    /// <summary>When it came into its state.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Since when its agent does not answer, as far as this scheduler knew.</summary>
    public DateTimeOffset? UnreachableSince { get; init; }

    /// <summary>As <see cref="UnreachableSince"/>, by the scheduler's clock.</summary>
    internal TimeSpan? UnreachableClock { get; init; }

    /// <summary>Addresses that the agent reported.</summary>
    public IReadOnlyList<InstanceAddress> Addresses { get; init; } = [];

    /// <summary>The sandbox or container on the agent, as reported.</summary>
    public string? ContainerId { get; init; }

    /// <summary>Of a pod: the tasks, one for each container; of an app, none.</summary>
    public IReadOnlyList<PodTask> Tasks { get; init; } = [];

    /// <summary>The verdict of the agent's own health check; null before the first.</summary>
    public bool? AgentHealthy { get; init; }

    /// <summary>Verdicts of the health checks in the order of the definition's; empty before the first.</summary>
    public IReadOnlyList<InstanceHealth> Health { get; init; } = [];

    /// <summary>Whether all readiness checks of its definition have passed; true without any.</summary>
    public bool Ready { get; init; } = true;

    /// <summary>
    /// Whether it has ever passed all its health checks; true without any, and of one that was stored before this was.
    /// </summary>
    public bool HasPassed { get; init; } = true;

    /// <summary>Whether it has come up: it has passed its checks once and is ready.</summary>
    public bool HasStarted => HasPassed && Ready;

    /// <summary>The deployment that holds the app replaces it by one elsewhere.</summary>
    public bool Moves { get; init; }

    /// <summary>
    /// Its task is ended and not the instance: the next task that takes its place is the instance's next one. Not stored: after
    /// a change of the leader the place is taken by a new instance.
    /// </summary>
    public bool Returns { get; init; }

    /// <summary>All health checks pass; null while none has been answered (or there are none).</summary>
    public bool? Healthy => Health.Count == 0 ? AgentHealthy
        : AgentHealthy == false || Health.Any(health => health is { IsKnown: true, Alive: false }) ? false
        : Health.All(health => health.IsKnown) ? true
        : null;

    /// <summary>Marathon's id of the instance: <c>app_path.instance-uuid</c>.</summary>
    public string InstanceId => TaskIds.InstanceOf(TaskId);

    /// <summary>It takes part in the app's count: it is up or coming up, and is not meant to end.</summary>
    public bool IsActive => Goal == InstanceGoal.Running && State is not InstanceState.UnreachableInactive;

    /// <summary>Its record was lost: what it runs is not known, nor, until it has been heard of, where.</summary>
    internal bool IsWithoutRecord => Version == DateTimeOffset.UnixEpoch;

    /// <summary>
    /// An instance whose record cannot be read. It is taken to run, since nothing says that it does not, until the master says
    /// what is; the next deployment of its app replaces it.
    /// </summary>
    /// <param name="taskId">Its id.</param>
    /// <param name="now">By the scheduler's clock.</param>
    internal static Instance WithoutRecord(string taskId, TimeSpan now) => new()
    {
        TaskId = taskId,
        AppId = new AppId(TaskIds.AppPathOf(taskId)),
        Version = DateTimeOffset.UnixEpoch,
        ConfigVersion = DateTimeOffset.UnixEpoch,
        AgentId = "",
        Host = "",
        State = InstanceState.Running,
        StagedAt = DateTimeOffset.UnixEpoch,
        Since = DateTimeOffset.UnixEpoch,
        StagedClock = now,
    };

    internal static readonly IReadOnlyDictionary<string, string> NoAttributes = new Dictionary<string, string>();
}

/// <summary>An address of an instance.</summary>
/// <param name="Address">The address.</param>
/// <param name="Protocol"><c>IPv4</c> or <c>IPv6</c>.</param>
internal sealed record InstanceAddress(string Address, string Protocol);

/// <summary>The time for which an instance that is to end runs on without getting work.</summary>
/// <param name="Since">From when, by the scheduler's clock.</param>
/// <param name="For">How long, at least.</param>
internal sealed record Drain(TimeSpan Since, TimeSpan For)
{
    /// <summary>When it is killed, by the scheduler's clock.</summary>
    public TimeSpan Until => Since + For;

    /// <summary>The same, without any time left.</summary>
    public Drain Over => this with { For = TimeSpan.Zero };
}

/// <summary>What is to become of an instance.</summary>
internal enum InstanceGoal
{
    /// <summary>It runs; its end is a failure and is made good.</summary>
    Running,

    /// <summary>It ends; the kill is repeated until it has.</summary>
    Ended,
}

/// <summary>The states of an instance, Marathon's conditions.</summary>
internal enum InstanceState
{
    /// <summary>Stored; the launch has been or is about to be sent.</summary>
    Provisioned,

    /// <summary>The agent has it.</summary>
    Staging,

    /// <summary>It is being brought up.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is being ended.</summary>
    Killing,

    /// <summary>Its agent does not answer; it may come back.</summary>
    Unreachable,

    /// <summary>As <see cref="Unreachable"/>, for so long that it has been replaced.</summary>
    UnreachableInactive,

    /// <summary>It ended by itself with success.</summary>
    Finished,

    /// <summary>It ended by itself without success.</summary>
    Failed,

    /// <summary>It was ended.</summary>
    Killed,

    /// <summary>It was refused.</summary>
    Error,

    /// <summary>It never reached its agent.</summary>
    Dropped,

    /// <summary>Its agent is there and does not have it, or is gone for good.</summary>
    Gone,

    /// <summary>The master does not know it.</summary>
    Unknown,
}

/// <summary>A health check's verdict on an instance.</summary>
internal sealed record InstanceHealth
{
    /// <summary>Whether a check has been answered at all.</summary>
    public bool IsKnown => FirstSuccess is not null || LastFailure is not null;

    /// <summary>Whether the last check passed.</summary>
    public bool Alive { get; init; }

    /// <summary>Failures in a row.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>The first success.</summary>
    public DateTimeOffset? FirstSuccess { get; init; }

    /// <summary>The last success.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>The last failure.</summary>
    public DateTimeOffset? LastFailure { get; init; }

    /// <summary>Why it failed last.</summary>
    public string? LastFailureCause { get; init; }
}
