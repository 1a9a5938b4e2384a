using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Allocators;

/// <summary>
/// Decides who is offered what. The seam for other policies: register one in the container and name it in
/// <see cref="MasterOptions.Allocator"/>. An allocator is plain code without clock, threads and state of its own.
/// </summary>
internal interface IAllocator
{
    /// <summary>What <see cref="MasterOptions.Allocator"/> says.</summary>
    string Name { get; }

    /// <summary>Gives away what is free on the request's agents. It never gives the same amount twice.</summary>
    IReadOnlyList<Allocation> Allocate(AllocationRequest request);
}

/// <summary>Resources of one agent for one framework in one of its roles.</summary>
internal sealed record Allocation(FrameworkId Framework, string Role, AgentId Agent, ResourceSet Resources);

/// <summary>The cluster at one moment, as far as an allocator needs it.</summary>
internal sealed class AllocationRequest
{
    /// <summary>All that the cluster has; what shares are parts of.</summary>
    public required Quantities Total { get; init; }

    /// <summary>All that is free and not reserved, on every agent: what guarantees are kept from.</summary>
    public required Quantities FreeUnreserved { get; init; }

    /// <summary>The agents to give away now, in the order in which that is to be done.</summary>
    public required IReadOnlyList<AgentSupply> Agents { get; init; }

    /// <summary>Weights, quotas and consumption; a role that is not there has weight 1 and no quota.</summary>
    public IReadOnlyDictionary<string, RolePolicy> Roles { get; init; } = new Dictionary<string, RolePolicy>();

    /// <summary>Who wants offers.</summary>
    public required IReadOnlyList<FrameworkDemand> Frameworks { get; init; }

    /// <summary>What everybody has in each role, those included who want nothing now.</summary>
    public required IReadOnlyDictionary<string, Quantities> AllocatedByRole { get; init; }

    /// <summary>Whether a framework in a role has said that it does not want these resources of an agent.</summary>
    public Func<FrameworkId, string, AgentId, ResourceSet, bool> IsRefused { get; init; } = (_, _, _, _) => false;
}

/// <summary>An agent's free resources.</summary>
/// <param name="Id">The agent.</param>
/// <param name="Free">What is neither offered nor used.</param>
/// <param name="HasGpus">Whether the agent has gpus at all: those are kept for frameworks that know what to do with them.</param>
/// <param name="IsRemote">Whether it is in another region than the master.</param>
internal sealed record AgentSupply(AgentId Id, ResourceSet Free, bool HasGpus = false, bool IsRemote = false);

/// <summary>A framework that wants offers.</summary>
/// <param name="Id">The framework.</param>
/// <param name="Roles">The roles in which it wants them now.</param>
/// <param name="Allocated">What it has in each role, offers included.</param>
/// <param name="Revocable">Whether it takes revocable resources.</param>
/// <param name="Gpus">Whether it takes agents with gpus.</param>
/// <param name="RegionAware">Whether it takes agents of other regions.</param>
internal sealed record FrameworkDemand(
    FrameworkId Id, IReadOnlyList<string> Roles, IReadOnlyDictionary<string, Quantities> Allocated,
    bool Revocable = false, bool Gpus = false, bool RegionAware = false)
{
    /// <summary>
    /// By role, thousandths by name of which an offer is to have one of several; an empty list is met by any offer, and a role
    /// that is not there takes what is worth an offer as a rule.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyDictionary<string, long>>>? Minima { get; init; }
}

/// <summary>What an operator has set for a role, and what it consumes of its quota.</summary>
/// <param name="Weight">Its weight among its siblings, over 0.</param>
/// <param name="Guarantee">Thousandths by name that are kept for it, or null.</param>
/// <param name="Limit">Thousandths by name that it may never exceed, or null.</param>
/// <param name="Consumed">What counts against both, its descendants' included: allocated or reserved.</param>
internal sealed record RolePolicy(
    double Weight, IReadOnlyDictionary<string, long>? Guarantee, IReadOnlyDictionary<string, long>? Limit, Quantities Consumed);
