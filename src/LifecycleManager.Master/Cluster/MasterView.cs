using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>The cluster at one moment: immutable, made on the loop, read anywhere.</summary>
internal sealed record MasterView
{
    public required string MasterId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required IReadOnlyList<AgentView> Agents { get; init; }

    /// <summary>How long the term has lasted.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Agents that the registry knows and that are not registered.</summary>
    public required IReadOnlyList<(AgentId Id, AgentEntry Entry)> Absent { get; init; }

    public required IReadOnlyList<FrameworkView> Frameworks { get; init; }

    public required IReadOnlyList<FrameworkView> Completed { get; init; }

    public required Quantities Total { get; init; }

    public required Quantities Offered { get; init; }

    public required Quantities Used { get; init; }

    public required IReadOnlyList<RoleView> Roles { get; init; }

    /// <summary>Actions waiting on the loop.</summary>
    public required int PendingEvents { get; init; }

    /// <summary>Changes that wait for the store.</summary>
    public required int QueuedWrites { get; init; }

    public IEnumerable<ClusterTask> Tasks => Frameworks.Concat(Completed).SelectMany(framework => framework.Tasks);

    public int Unreachable => Absent.Count(agent => agent.Entry.Standing == AgentStanding.Unreachable);

    public int Recovering => Absent.Count(agent => agent.Entry.Standing == AgentStanding.Admitted);
}

/// <summary>An agent at one moment.</summary>
internal sealed record AgentView
{
    public AgentView(Agent agent, Unavailability? unavailability)
    {
        Id = agent.Id;
        Entry = agent.Entry;
        Version = agent.Version;
        Features = agent.Features;
        Pid = $"slave(1)@{agent.Address.Host}:{agent.Address.Port}";
        Total = agent.Account.Total;
        Offered = agent.Account.Offered;
        Used = agent.Account.Used;
        IsConnected = agent.IsConnected;
        IsActive = agent.IsActive;
        Unavailability = unavailability;
        RegisteredAt = agent.RegisteredAt;
        ReregisteredAt = agent.ReregisteredAt;
    }

    public AgentId Id { get; }

    /// <summary>
    /// Its name in Mesos' inner protocol, from which tools take its address and its endpoints: as it says where it is reached.
    /// </summary>
    public string Pid { get; }

    public AgentEntry Entry { get; }

    public AgentInfo Info => Entry.Info;

    public string Version { get; }

    public IReadOnlyList<string> Features { get; }

    public ResourceSet Total { get; }

    public ResourceSet Offered { get; }

    public ResourceSet Used { get; }

    public bool IsConnected { get; }

    public bool IsActive { get; }

    public Unavailability? Unavailability { get; }

    public DateTimeOffset RegisteredAt { get; }

    public DateTimeOffset? ReregisteredAt { get; }
}

/// <summary>A framework at one moment.</summary>
internal sealed record FrameworkView
{
    public FrameworkView(Framework framework, IReadOnlyList<Quantities> allocated, IReadOnlyDictionary<AgentId, Agent> agents,
        long now)
    {
        Info = framework.Info;
        Roles = framework.Roles;
        Suppressed = [.. framework.Suppressed];
        IsConnected = framework.IsConnected;
        IsRecovered = framework.IsRecovered;
        RegisteredAt = framework.RegisteredAt;
        ReregisteredAt = framework.ReregisteredAt;
        UnregisteredAt = framework.UnregisteredAt;
        Tasks = [.. framework.Tasks.Values];
        Unreachable = [.. framework.Unreachable.Values];
        Completed = [.. framework.Completed.Values];
        Offers = [.. framework.Offers.Values.Select(offer => (offer, agents[offer.AgentId].Info))];
        Refusals = framework.CountRefusals(now);
        Counts = framework.Counts.All();
        foreach (var quantities in allocated) Allocated.Add(quantities);
    }

    public FrameworkInfo Info { get; }

    public FrameworkId Id => Info.Id!.Value;

    public IReadOnlyList<string> Roles { get; }

    public IReadOnlyList<string> Suppressed { get; }

    public bool IsConnected { get; }

    public bool IsRecovered { get; }

    public DateTimeOffset RegisteredAt { get; }

    public DateTimeOffset? ReregisteredAt { get; }

    public DateTimeOffset? UnregisteredAt { get; }

    public IReadOnlyList<ClusterTask> Tasks { get; }

    public IReadOnlyList<ClusterTask> Unreachable { get; }

    public IReadOnlyList<ClusterTask> Completed { get; }

    public IReadOnlyList<(OfferRecord Offer, AgentInfo Agent)> Offers { get; }

    /// <summary>What it has, offers included.</summary>
    public Quantities Allocated { get; } = new();

    /// <summary>What has happened between it and the master, in Mesos' names.</summary>
    public IReadOnlyList<(string Name, long Value)> Counts { get; }

    /// <summary>How many refusals of offers hold, by role.</summary>
    public IReadOnlyDictionary<string, int> Refusals { get; }
}

/// <summary>A role at one moment.</summary>
internal sealed record RoleView(string Name, double Weight, IReadOnlyList<FrameworkId> Frameworks, Quantities Allocated)
{
    /// <summary>What its quota guarantees and allows; null without one.</summary>
    public QuotaConfig? Quota { get; init; }
}
