namespace LifecycleManager.Master;

/// <summary>How a master works. Times are positive.</summary>
public sealed record MasterOptions
{
    /// <summary>How agents, frameworks and other masters reach this one; where a master that does not lead sends them.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:5050");

    /// <summary>The cluster's name, for people.</summary>
    public string Cluster { get; init; } = "lcm";

    /// <summary>Between two pings of an agent.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Pings in a row without an answer until the agent is unreachable.</summary>
    public int MaxPings { get; init; } = 5;

    /// <summary>How long the known agents have to come back after an election until they are unreachable.</summary>
    public TimeSpan AgentReregisterTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two heartbeats on a framework's stream.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long events are gathered until resources are allocated: many changes at once make one round of offers.</summary>
    public TimeSpan AllocationDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>An offer that is neither used nor declined is taken back after this; null never.</summary>
    public TimeSpan? OfferTimeout { get; init; }

    /// <summary>Refusal in seconds for declined resources whose framework states none.</summary>
    public double DefaultRefuseSeconds { get; init; } = 5;

    /// <summary>The most frameworks that are connected at once.</summary>
    public int MaxFrameworks { get; init; } = 1_000;

    /// <summary>The most events that wait on one stream; a subscriber further behind is dropped.</summary>
    public int MaxStreamBacklog { get; init; } = 16_384;

    /// <summary>How many ended tasks of a framework, and ended frameworks, are remembered.</summary>
    public int MaxCompleted { get; init; } = 1_000;
}
