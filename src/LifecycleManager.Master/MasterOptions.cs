using System.ComponentModel.DataAnnotations;
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

    /// <summary>How long changes are gathered before resources are offered; a few milliseconds. From 1ms to 10s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan AllocationDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The shortest time before declined resources are offered again to whom declined them, whatever its filter says.
    /// From 10ms to 1h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan AllocationInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After this time an offer that was not used is taken back; null: never. From 100ms to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan? OfferTimeout { get; init; }

    /// <summary>Between the PINGs of an agent. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan AgentPingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>PINGs in a row without answer after which an agent is unreachable. From 1 to 1000.</summary>
    [Range(1, 1_000)]
    public int MaxAgentPings { get; init; } = 5;

    /// <summary>
    /// How long after a new master's election agents may take to return before they are unreachable.
    /// From 1s to 7d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan AgentReregisterTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// At most so many agents become unreachable per <see cref="AgentRemovalWindow"/>; null: no limit.
    /// From 1 to 1000000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? AgentRemovalLimit { get; init; }

    /// <summary>See <see cref="AgentRemovalLimit"/>. From 1s to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AgentRemovalWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between the HEARTBEATs on a framework's or operator's stream. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many ended frameworks are remembered for the state API. From 0 to 100000.</summary>
    [Range(0, 100_000)]
    public int MaxCompletedFrameworks { get; init; } = 50;

    /// <summary>How many ended tasks are remembered of each framework. From 0 to 1000000.</summary>
    [Range(0, 1_000_000)]
    public int MaxCompletedTasks { get; init; } = 1000;

    /// <summary>How many unreachable tasks are remembered of each framework. From 0 to 1000000.</summary>
    [Range(0, 1_000_000)]
    public int MaxUnreachableTasks { get; init; } = 1000;

    /// <summary>How many unreachable and gone agents, and removed frameworks, the registry keeps. From 100 to 1000000.</summary>
    [Range(100, 1_000_000)]
    public int MaxRemembered { get; init; } = 10_000;

    /// <summary>The longest body of a call, in bytes. From 64KB to 16MB.</summary>
    [Range(typeof(long), "65536", "16777216")]
    public long MaxRequestBody { get; init; } = 16 * 1024 * 1024;

    /// <summary>How many events may wait for a subscriber before it is dropped. From 100 to 10000000.</summary>
    [Range(100, 10_000_000)]
    public int StreamCapacity { get; init; } = 20_000;

    /// <summary>
    /// The most that waits for all subscribers together, bytes; the one that most of it waits for is dropped beyond it. From 1MB
    /// to 64GB.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long MaxStreamBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>How many frameworks, and how many operators, may be subscribed at a time. From 1 to 100000.</summary>
    [Range(1, 100_000)]
    public int MaxSubscribers { get; init; } = 1000;

    /// <summary>How many agents may be registered at a time. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int MaxAgents { get; init; } = 50_000;

    /// <summary>
    /// The region of this master; agents of other regions are offered only to REGION_AWARE frameworks. Null: no matter.
    /// </summary>
    public string? Region { get; init; }

    /// <summary>Who may call and what each may do; by default everybody everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;
}
