using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>An event on a framework's stream.</summary>
public sealed record SchedulerEvent
{
    /// <summary>Which event; the property of that name is set.</summary>
    public required EventType Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Subscribed.</summary>
    public SubscribedEvent? Subscribed { get; init; }

    /// <summary>Set when <see cref="Type"/> is Offers.</summary>
    public OffersEvent? Offers { get; init; }

    /// <summary>Set when <see cref="Type"/> is Rescind.</summary>
    public RescindEvent? Rescind { get; init; }

    /// <summary>Set when <see cref="Type"/> is Update.</summary>
    public UpdateEvent? Update { get; init; }

    /// <summary>Set when <see cref="Type"/> is Message.</summary>
    public MessageEvent? Message { get; init; }

    /// <summary>Set when <see cref="Type"/> is Failure.</summary>
    public FailureEvent? Failure { get; init; }

    /// <summary>Set when <see cref="Type"/> is Error.</summary>
    public ErrorEvent? Error { get; init; }

    /// <summary>Set when <see cref="Type"/> is UpdateOperationStatus.</summary>
    public UpdateOperationStatusEvent? UpdateOperationStatus { get; init; }
}

/// <summary>The events of the scheduler API.</summary>
[JsonConverter(typeof(UpperSnake<EventType>))]
public enum EventType
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>First on the stream.</summary>
    Subscribed,

    /// <summary>New offers.</summary>
    Offers,

    /// <summary>An offer is taken back.</summary>
    Rescind,

    /// <summary>A task's status.</summary>
    Update,

    /// <summary>From an executor.</summary>
    Message,

    /// <summary>An agent or executor is gone.</summary>
    Failure,

    /// <summary>The subscription ends.</summary>
    Error,

    /// <summary>The stream lives.</summary>
    Heartbeat,

    /// <summary>An operation's status.</summary>
    UpdateOperationStatus,
}

/// <summary>SUBSCRIBED.</summary>
public sealed record SubscribedEvent(
    FrameworkId FrameworkId, double? HeartbeatIntervalSeconds = null, MasterInfo? MasterInfo = null);

/// <summary>OFFERS.</summary>
public sealed record OffersEvent(IReadOnlyList<Offer> Offers);

/// <summary>RESCIND.</summary>
public sealed record RescindEvent(OfferId OfferId);

/// <summary>UPDATE.</summary>
public sealed record UpdateEvent(TaskStatusInfo Status);

/// <summary>MESSAGE.</summary>
public sealed record MessageEvent(AgentId AgentId, ExecutorId ExecutorId, byte[] Data);

/// <summary>FAILURE.</summary>
public sealed record FailureEvent(AgentId? AgentId = null, ExecutorId? ExecutorId = null, int? Status = null);

/// <summary>ERROR.</summary>
public sealed record ErrorEvent(string Message);

/// <summary>UPDATE_OPERATION_STATUS.</summary>
public sealed record UpdateOperationStatusEvent(OperationStatus Status);
