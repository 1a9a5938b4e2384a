using LifecycleManager.Security;

namespace LifecycleManager.Master;

/// <summary>How a master runs. The defaults are Mesos'.</summary>
public sealed record MasterOptions
{
    /// <summary>How others reach this master, <c>http://host:port</c>; published while it leads.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:5050");

    /// <summary>A name for people.</summary>
    public string? Cluster { get; init; }

    /// <summary>The <see cref="Allocators.IAllocator.Name"/> of the allocator.</summary>
    public string Allocator { get; init; } = "hierarchical-drf";

    /// <summary>How long changes are gathered before resources are offered; a few milliseconds.</summary>
    public TimeSpan AllocationDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The shortest time before declined resources are offered again to whom declined them, whatever its filter says.</summary>
    public TimeSpan AllocationInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After this time an offer that was not used is taken back; null: never.</summary>
    public TimeSpan? OfferTimeout { get; init; }

    /// <summary>Between the PINGs of an agent.</summary>
    public TimeSpan AgentPingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>PINGs in a row without answer after which an agent is unreachable.</summary>
    public int MaxAgentPings { get; init; } = 5;

    /// <summary>How long after a new master's election agents may take to return before they are unreachable.</summary>
    public TimeSpan AgentReregisterTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>At most so many agents become unreachable per <see cref="AgentRemovalWindow"/>; null: no limit.</summary>
    public int? AgentRemovalLimit { get; init; }

    /// <summary>See <see cref="AgentRemovalLimit"/>.</summary>
    public TimeSpan AgentRemovalWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between the HEARTBEATs on a framework's or operator's stream.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many ended frameworks are remembered for the state API.</summary>
    public int MaxCompletedFrameworks { get; init; } = 50;

    /// <summary>How many ended tasks are remembered of each framework.</summary>
    public int MaxCompletedTasks { get; init; } = 1000;

    /// <summary>How many unreachable tasks are remembered of each framework.</summary>
    public int MaxUnreachableTasks { get; init; } = 1000;

    /// <summary>How many unreachable and gone agents, and removed frameworks, the registry keeps.</summary>
    public int MaxRemembered { get; init; } = 10_000;

    /// <summary>The longest body of a call, in bytes.</summary>
    public long MaxRequestBody { get; init; } = 16 * 1024 * 1024;

    /// <summary>How many events may wait for a subscriber before it is dropped.</summary>
    public int StreamCapacity { get; init; } = 20_000;

    /// <summary>How many frameworks, and how many operators, may be subscribed at a time.</summary>
    public int MaxSubscribers { get; init; } = 1000;

    /// <summary>How many agents may be registered at a time.</summary>
    public int MaxAgents { get; init; } = 50_000;

    /// <summary>The region of this master; agents of other regions are offered only to REGION_AWARE frameworks. Null: no matter.</summary>
    public string? Region { get; init; }

    /// <summary>Who may call and what each may do; by default everybody everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;
}
