using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>A framework's call to <c>/api/v1/scheduler</c>.</summary>
public sealed record SchedulerCall
{
    /// <summary>Which call; the property of that name is set.</summary>
    public required CallType Type { get; init; }

    /// <summary>The framework; absent only in a first SUBSCRIBE.</summary>
    public FrameworkId? FrameworkId { get; init; }

    /// <summary>Set when <see cref="Type"/> is Subscribe.</summary>
    public SubscribeCall? Subscribe { get; init; }

    /// <summary>Set when <see cref="Type"/> is Accept.</summary>
    public AcceptCall? Accept { get; init; }

    /// <summary>Set when <see cref="Type"/> is Decline.</summary>
    public DeclineCall? Decline { get; init; }

    /// <summary>May be set when <see cref="Type"/> is Revive.</summary>
    public RolesCall? Revive { get; init; }

    /// <summary>May be set when <see cref="Type"/> is Suppress.</summary>
    public RolesCall? Suppress { get; init; }

    /// <summary>Set when <see cref="Type"/> is Kill.</summary>
    public KillCall? Kill { get; init; }

    /// <summary>Set when <see cref="Type"/> is Shutdown.</summary>
    public ShutdownCall? Shutdown { get; init; }

    /// <summary>Set when <see cref="Type"/> is Acknowledge.</summary>
    public AcknowledgeCall? Acknowledge { get; init; }

    /// <summary>Set when <see cref="Type"/> is Reconcile.</summary>
    public ReconcileCall? Reconcile { get; init; }

    /// <summary>Set when <see cref="Type"/> is Message.</summary>
    public MessageCall? Message { get; init; }

    /// <summary>Set when <see cref="Type"/> is Request.</summary>
    public RequestCall? Request { get; init; }

    /// <summary>Set when <see cref="Type"/> is UpdateFramework.</summary>
    public UpdateFrameworkCall? UpdateFramework { get; init; }

    /// <summary>Set when <see cref="Type"/> is ReconcileOperations.</summary>
    public ReconcileOperationsCall? ReconcileOperations { get; init; }

    /// <summary>Set when <see cref="Type"/> is AcknowledgeOperationStatus.</summary>
    public AcknowledgeOperationStatusCall? AcknowledgeOperationStatus { get; init; }
}

/// <summary>The calls of the scheduler API.</summary>
[JsonConverter(typeof(UpperSnake<CallType>))]
public enum CallType
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Opens the event stream.</summary>
    Subscribe,

    /// <summary>Ends the framework and its tasks.</summary>
    Teardown,

    /// <summary>Uses offers.</summary>
    Accept,

    /// <summary>Gives offers back.</summary>
    Decline,

    /// <summary>Clears filters and suppression.</summary>
    Revive,

    /// <summary>Asks for no offers.</summary>
    Suppress,

    /// <summary>Ends a task.</summary>
    Kill,

    /// <summary>Ends an executor.</summary>
    Shutdown,

    /// <summary>Acknowledges a status update.</summary>
    Acknowledge,

    /// <summary>Asks for the state of tasks.</summary>
    Reconcile,

    /// <summary>To an executor.</summary>
    Message,

    /// <summary>Asks for resources.</summary>
    Request,

    /// <summary>Changes the framework's description.</summary>
    UpdateFramework,

    /// <summary>Asks for the state of operations.</summary>
    ReconcileOperations,

    /// <summary>Acknowledges the status of an operation.</summary>
    AcknowledgeOperationStatus,
}

/// <summary>SUBSCRIBE.</summary>
public sealed record SubscribeCall(FrameworkInfo FrameworkInfo, IReadOnlyList<string>? SuppressedRoles = null)
{
    /// <summary>Constraints on the agents whose resources are offered; this stack's master refuses them.</summary>
    public JsonElement? OfferConstraints { get; init; }
}

/// <summary>UPDATE_FRAMEWORK: the whole description and the whole set of suppressed roles, as they are to be.</summary>
public sealed record UpdateFrameworkCall(FrameworkInfo FrameworkInfo, IReadOnlyList<string>? SuppressedRoles = null)
{
    /// <inheritdoc cref="SubscribeCall.OfferConstraints"/>
    public JsonElement? OfferConstraints { get; init; }
}

/// <summary>ACCEPT: operations on the resources of offers that all belong to one agent.</summary>
public sealed record AcceptCall(IReadOnlyList<OfferId> OfferIds, IReadOnlyList<Operation>? Operations = null,
    Filters? Filters = null);

/// <summary>DECLINE.</summary>
public sealed record DeclineCall(IReadOnlyList<OfferId> OfferIds, Filters? Filters = null);

/// <summary>REVIVE or SUPPRESS for some roles; without, for all.</summary>
public sealed record RolesCall(IReadOnlyList<string>? Roles = null);

/// <summary>KILL.</summary>
public sealed record KillCall(TaskId TaskId, AgentId? AgentId = null, KillPolicy? KillPolicy = null);

/// <summary>SHUTDOWN.</summary>
public sealed record ShutdownCall(ExecutorId ExecutorId, AgentId AgentId);

/// <summary>ACKNOWLEDGE.</summary>
public sealed record AcknowledgeCall(AgentId AgentId, TaskId TaskId, byte[] Uuid);

/// <summary>RECONCILE; an empty list asks for all (implicit).</summary>
public sealed record ReconcileCall(IReadOnlyList<ReconcileCall.Task>? Tasks = null)
{
    /// <summary>One task.</summary>
    public sealed record Task(TaskId TaskId, AgentId? AgentId = null);
}

/// <summary>RECONCILE_OPERATIONS; an empty list asks for all (implicit).</summary>
public sealed record ReconcileOperationsCall(IReadOnlyList<OperationToReconcile>? Operations = null);

/// <summary>An operation whose state is asked for.</summary>
public sealed record OperationToReconcile(
    OperationId OperationId, AgentId? AgentId = null, ResourceProviderId? ResourceProviderId = null);

/// <summary>ACKNOWLEDGE_OPERATION_STATUS.</summary>
public sealed record AcknowledgeOperationStatusCall(
    OperationId OperationId, byte[] Uuid, AgentId? AgentId = null, ResourceProviderId? ResourceProviderId = null);

/// <summary>MESSAGE.</summary>
public sealed record MessageCall(AgentId AgentId, ExecutorId ExecutorId, byte[] Data);

/// <summary>REQUEST.</summary>
public sealed record RequestCall(IReadOnlyList<RequestCall.Item> Requests)
{
    /// <summary>One wish.</summary>
    public sealed record Item(AgentId? AgentId = null, IReadOnlyList<Resource>? Resources = null);
}

/// <summary>An operation on offered resources.</summary>
public sealed record Operation
{
    /// <summary>Which; the property of that name is set.</summary>
    public required OperationType Type { get; init; }

    /// <summary>For feedback on reservations.</summary>
    public OperationId? Id { get; init; }

    /// <summary>Set when <see cref="Type"/> is Launch.</summary>
    public LaunchOperation? Launch { get; init; }

    /// <summary>Set when <see cref="Type"/> is LaunchGroup.</summary>
    public LaunchGroupOperation? LaunchGroup { get; init; }

    /// <summary>Set when <see cref="Type"/> is Reserve.</summary>
    public ReserveOperation? Reserve { get; init; }

    /// <summary>Set when <see cref="Type"/> is Unreserve.</summary>
    public ReserveOperation? Unreserve { get; init; }
}

/// <summary>The operations.</summary>
[JsonConverter(typeof(UpperSnake<OperationType>))]
public enum OperationType
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Launches tasks.</summary>
    Launch,

    /// <summary>Launches tasks together.</summary>
    LaunchGroup,

    /// <summary>Reserves.</summary>
    Reserve,

    /// <summary>Gives a reservation back.</summary>
    Unreserve,

    /// <summary>Creates a persistent volume.</summary>
    Create,

    /// <summary>Destroys a persistent volume.</summary>
    Destroy,

    /// <summary>Grows a volume.</summary>
    GrowVolume,

    /// <summary>Shrinks a volume.</summary>
    ShrinkVolume,

    /// <summary>Creates a disk.</summary>
    CreateDisk,

    /// <summary>Destroys a disk.</summary>
    DestroyDisk,
}

/// <summary>LAUNCH.</summary>
public sealed record LaunchOperation(IReadOnlyList<TaskInfo> TaskInfos);

/// <summary>LAUNCH_GROUP.</summary>
public sealed record LaunchGroupOperation(ExecutorInfo Executor, TaskGroupInfo TaskGroup);

/// <summary>RESERVE and UNRESERVE.</summary>
public sealed record ReserveOperation(IReadOnlyList<Resource> Resources);
