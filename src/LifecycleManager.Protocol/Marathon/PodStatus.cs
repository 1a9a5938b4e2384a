namespace LifecycleManager.Protocol.Marathon;

/// <summary><c>GET /v2/pods/{id}::status</c>.</summary>
public sealed record PodStatus
{
    /// <summary>The pod.</summary>
    public required string Id { get; init; }

    /// <summary>Its definition.</summary>
    public required Pod Spec { get; init; }

    /// <summary>
    /// <c>STABLE</c>: as many instances as wanted are; <c>DEGRADED</c>: they are not; <c>TERMINAL</c>: it is removed.
    /// </summary>
    public required string Status { get; init; }

    /// <summary>Since when.</summary>
    public required string StatusSince { get; init; }

    /// <summary>The instances.</summary>
    public IReadOnlyList<PodInstanceStatus> Instances { get; init; } = [];

    /// <summary>The last instance that failed.</summary>
    public IReadOnlyList<PodTermination> TerminationHistory { get; init; } = [];

    /// <summary>When anything of this changed last.</summary>
    public required string LastUpdated { get; init; }

    /// <summary>When its state changed last.</summary>
    public required string LastChanged { get; init; }
}

/// <summary>An instance of a pod.</summary>
public sealed record PodInstanceStatus
{
    /// <summary>The id.</summary>
    public required string Id { get; init; }

    /// <summary><c>PENDING</c>, <c>STAGING</c>, <c>STABLE</c>, <c>DEGRADED</c> or <c>TERMINAL</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Since when.</summary>
    public required string StatusSince { get; init; }

    /// <summary>Whether anything but its health makes it what it is, for people.</summary>
    public string? Message { get; init; }

    /// <summary>The agent's host name.</summary>
    public string? AgentHostname { get; init; }

    /// <summary>The agent.</summary>
    public string? AgentId { get; init; }

    /// <summary>The agent's region.</summary>
    public string? AgentRegion { get; init; }

    /// <summary>The agent's zone.</summary>
    public string? AgentZone { get; init; }

    /// <summary>What all containers and the executor take.</summary>
    public required PodResources Resources { get; init; }

    /// <summary>The networks.</summary>
    public IReadOnlyList<PodNetworkStatus> Networks { get; init; } = [];

    /// <summary>The containers.</summary>
    public IReadOnlyList<PodContainerStatus> Containers { get; init; } = [];

    /// <summary>The definition that it runs.</summary>
    public required string SpecReference { get; init; }

    /// <summary>The role that its resources come from.</summary>
    public string? Role { get; init; }

    /// <summary>When anything of this changed last.</summary>
    public required string LastUpdated { get; init; }

    /// <summary>When its state changed last.</summary>
    public required string LastChanged { get; init; }
}

/// <summary>A network of an instance.</summary>
public sealed record PodNetworkStatus(IReadOnlyList<string> Addresses);

/// <summary>A container of an instance.</summary>
public sealed record PodContainerStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Mesos' state, <c>TASK_RUNNING</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Since when.</summary>
    public required string StatusSince { get; init; }

    /// <summary>What stands for it at Mesos.</summary>
    public required string ContainerId { get; init; }

    /// <summary>Why it is what it is, for people.</summary>
    public string? Message { get; init; }

    /// <summary>Whether its health check passes.</summary>
    public IReadOnlyList<PodCondition> Conditions { get; init; } = [];

    /// <summary>Its ports.</summary>
    public IReadOnlyList<PodEndpointStatus> Endpoints { get; init; } = [];

    /// <summary>What it takes.</summary>
    public required PodResources Resources { get; init; }

    /// <summary>How it ended, where it has.</summary>
    public PodContainerTermination? Termination { get; init; }

    /// <summary>When anything of this changed last.</summary>
    public required string LastUpdated { get; init; }

    /// <summary>When its state changed last.</summary>
    public required string LastChanged { get; init; }
}

/// <summary>Something that holds or not: <c>healthy</c>.</summary>
/// <param name="Name">What.</param>
/// <param name="Value"><c>true</c> or <c>false</c>.</param>
/// <param name="LastChanged">Since when.</param>
/// <param name="LastUpdated">When it was last found out.</param>
public sealed record PodCondition(string Name, string Value, string LastChanged, string LastUpdated);

/// <summary>A port of a running container.</summary>
/// <param name="Name">The endpoint.</param>
/// <param name="AllocatedHostPort">The port on the machine; null while there is none.</param>
/// <param name="Healthy">Whether the check of it passes; null without one.</param>
public sealed record PodEndpointStatus(string Name, int? AllocatedHostPort, bool? Healthy);

/// <summary>How a container ended.</summary>
/// <param name="ExitCode">Its exit code, where it is known.</param>
/// <param name="Message">For people.</param>
public sealed record PodContainerTermination(int? ExitCode, string? Message);

/// <summary>An instance that failed.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="StartedAt">When it was launched.</param>
/// <param name="TerminatedAt">When it ended.</param>
/// <param name="Message">Why.</param>
public sealed record PodTermination(string InstanceId, string? StartedAt, string TerminatedAt, string? Message);
