using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>A framework's description of itself.</summary>
public sealed record FrameworkInfo
{
    /// <summary>The user its tasks run as; empty means the agent's.</summary>
    public required string User { get; init; }

    /// <summary>A name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Present to take over an earlier subscription.</summary>
    public FrameworkId? Id { get; init; }

    /// <summary>Seconds that the framework may be away before its tasks are killed; default 0.</summary>
    public double? FailoverTimeout { get; init; }

    /// <summary>Whether agents persist its tasks across restarts; default false.</summary>
    public bool? Checkpoint { get; init; }

    /// <summary>The single role of frameworks without MULTI_ROLE; default <c>*</c>.</summary>
    public string? Role { get; init; }

    /// <summary>The roles of frameworks with MULTI_ROLE.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>Where it runs.</summary>
    public string? Hostname { get; init; }

    /// <summary>Who it is, for authorization.</summary>
    public string? Principal { get; init; }

    /// <summary>Its user interface.</summary>
    public string? WebuiUrl { get; init; }

    /// <summary>What it can do.</summary>
    public IReadOnlyList<Capability>? Capabilities { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }

    /// <summary>By role, what an offer must have to be worth the framework's while.</summary>
    public IReadOnlyDictionary<string, OfferFilters>? OfferFilters { get; init; }

    /// <summary>One capability.</summary>
    public sealed record Capability(FrameworkCapability Type);
}

/// <summary>A framework's capabilities.</summary>
[JsonConverter(typeof(UpperSnake<FrameworkCapability>))]
public enum FrameworkCapability
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Takes revocable resources.</summary>
    RevocableResources,

    /// <summary>Understands TASK_KILLING.</summary>
    TaskKillingState,

    /// <summary>Wants agents with gpus.</summary>
    GpuResources,

    /// <summary>Shared resources.</summary>
    SharedResources,

    /// <summary>Understands UNREACHABLE, DROPPED, GONE.</summary>
    PartitionAware,

    /// <summary>Uses <see cref="FrameworkInfo.Roles"/>.</summary>
    MultiRole,

    /// <summary>Stacked reservations.</summary>
    ReservationRefinement,

    /// <summary>Takes offers of agents in other regions.</summary>
    RegionAware,
}

/// <summary>An agent's description of itself.</summary>
public sealed record AgentInfo
{
    /// <summary>Where frameworks and operators reach its tasks.</summary>
    public required string Hostname { get; init; }

    /// <summary>The port of its HTTP surface.</summary>
    public int? Port { get; init; }

    /// <summary>All of its resources.</summary>
    public IReadOnlyList<Resource>? Resources { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyList<AgentAttribute>? Attributes { get; init; }

    /// <summary>Its id; absent before the first registration.</summary>
    public AgentId? Id { get; init; }

    /// <summary>Its region and zone.</summary>
    public DomainInfo? Domain { get; init; }
}

/// <summary>Where a machine is.</summary>
public sealed record DomainInfo(DomainInfo.FaultDomainInfo? FaultDomain)
{
    /// <summary>Region and zone.</summary>
    public sealed record FaultDomainInfo(NameInfo Region, NameInfo Zone);

    /// <summary>A name in Mesos' nesting.</summary>
    public sealed record NameInfo(string Name);
}

/// <summary>Resources of one agent, offered to one framework.</summary>
public sealed record Offer
{
    /// <summary>The id.</summary>
    public required OfferId Id { get; init; }

    /// <summary>To whom.</summary>
    public required FrameworkId FrameworkId { get; init; }

    /// <summary>Of which agent.</summary>
    public required AgentId AgentId { get; init; }

    /// <summary>The agent's host name.</summary>
    public required string Hostname { get; init; }

    /// <summary>The agent's HTTP surface.</summary>
    public OfferUrl? Url { get; init; }

    /// <summary>The agent's region and zone.</summary>
    public DomainInfo? Domain { get; init; }

    /// <summary>What is offered.</summary>
    public IReadOnlyList<Resource> Resources { get; init; } = [];

    /// <summary>The agent's attributes.</summary>
    public IReadOnlyList<AgentAttribute>? Attributes { get; init; }

    /// <summary>Executors of the framework that run there.</summary>
    public IReadOnlyList<ExecutorId>? ExecutorIds { get; init; }

    /// <summary>The role it is allocated to.</summary>
    public AllocationInfo? AllocationInfo { get; init; }

    /// <summary>When the agent's machine is to be away for maintenance.</summary>
    public Unavailability? Unavailability { get; init; }
}

/// <summary>When a machine is away; without a duration for good.</summary>
public sealed record Unavailability(TimeInfo Start, DurationInfo? Duration = null);

/// <summary>An address in Mesos' shape.</summary>
public sealed record OfferUrl
{
    /// <summary><c>http</c> or <c>https</c>.</summary>
    public required string Scheme { get; init; }

    /// <summary>The host.</summary>
    public required OfferAddress Address { get; init; }

    /// <summary>The path.</summary>
    public string? Path { get; init; }
}

/// <summary>A host and port.</summary>
public sealed record OfferAddress
{
    /// <summary>The host name.</summary>
    public string? Hostname { get; init; }

    /// <summary>The address.</summary>
    public string? Ip { get; init; }

    /// <summary>The port.</summary>
    public required int Port { get; init; }
}

/// <summary>What a framework says to an offer that it does not want.</summary>
public sealed record Filters
{
    /// <summary>Seconds before the same resources are offered again; default 5.</summary>
    public double? RefuseSeconds { get; init; }
}
