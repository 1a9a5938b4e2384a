using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>The status of an operation on resources.</summary>
public sealed record OperationStatus
{
    /// <summary>The id that the framework gave it.</summary>
    public OperationId? OperationId { get; init; }

    /// <summary>Its state.</summary>
    public required OperationState State { get; init; }

    /// <summary>For people.</summary>
    public string? Message { get; init; }

    /// <summary>The agent of its resources.</summary>
    public AgentId? AgentId { get; init; }

    /// <summary>The provider of its resources.</summary>
    public ResourceProviderId? ResourceProviderId { get; init; }
}

/// <summary>The states of operations.</summary>
[JsonConverter(typeof(OperationPrefixed<OperationState>))]
public enum OperationState
{
    /// <summary>A state that the reader does not know.</summary>
    Unsupported,

    /// <summary>On its way.</summary>
    Pending,

    /// <summary>Done.</summary>
    Finished,

    /// <summary>It has failed.</summary>
    Failed,

    /// <summary>It was invalid.</summary>
    Error,

    /// <summary>It did not reach the agent.</summary>
    Dropped,

    /// <summary>Its agent does not answer.</summary>
    Unreachable,

    /// <summary>Its agent never returns: an operator said so.</summary>
    GoneByOperator,

    /// <summary>Its agent is known and has not yet returned.</summary>
    Recovering,

    /// <summary>Nobody knows it.</summary>
    Unknown,
}

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix <c>OPERATION_</c>.</summary>
public sealed class OperationPrefixed<T>() : ProtobufEnum<T>("OPERATION_")
    where T : struct, Enum;
