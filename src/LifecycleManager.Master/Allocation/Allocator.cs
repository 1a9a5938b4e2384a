using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Allocation;

/// <summary>How free resources are shared out; the seam behind which other policies than DRF can stand.</summary>
public interface IAllocator
{
    /// <summary>The name by which the policy is chosen.</summary>
    string Name { get; }

    /// <summary>Decides who is offered what. Deterministic: the same question has the same answer.</summary>
    IReadOnlyList<Allocation> Allocate(AllocationRound round);
}

/// <summary>What a round of offers is decided from.</summary>
/// <param name="Total">All resources of the cluster.</param>
/// <param name="Agents">The agents with something free.</param>
/// <param name="Claims">Each framework that takes offers, once for each of its roles.</param>
/// <param name="Refuses">Whether a framework refuses such resources of an agent at the moment.</param>
public sealed record AllocationRound(
    ResourceBag Total, IReadOnlyList<FreeAgent> Agents, IReadOnlyList<Claim> Claims, Func<FrameworkId, AgentId, ResourceBag, bool> Refuses);

/// <summary>An agent with something free.</summary>
public sealed record FreeAgent(AgentId Id, ResourceBag Free, string? Region = null);

/// <summary>A framework in a role, with all that it holds: used and offered.</summary>
public sealed record Claim(FrameworkId Framework, string Role, ResourceBag Held, bool TakesRevocable = false, double Weight = 1);

/// <summary>Resources for a framework.</summary>
public sealed record Allocation(FrameworkId Framework, string Role, AgentId Agent, ResourceBag Resources);

/// <summary>
/// Dominant resource fairness over roles, then over the frameworks of a role: whoever holds the least of what it holds most of
/// is served first (Ghodsi et al., NSDI 2011). An agent's free resources go to one framework whole, as Mesos does it, so that
/// large tasks find room.
/// </summary>
public sealed class DrfAllocator : IAllocator
{
    /// <inheritdoc/>
    public string Name => "DRF";

    /// <inheritdoc/>
    public IReadOnlyList<Allocation> Allocate(AllocationRound round)
    {
        ArgumentNullException.ThrowIfNull(round);
        var allocations = new List<Allocation>();
        if (round.Claims.Count == 0) return allocations;
        var total = round.Total.Scalars().ToDictionary(scalar => scalar.Name, scalar => scalar.Thousandths, StringComparer.Ordinal);
        var held = round.Claims.Select(claim => claim.Held).ToArray();
        var roles = round.Claims.Select(claim => claim.Role).Distinct(StringComparer.Ordinal)
            .ToDictionary(role => role, role => Sum(round.Claims, held, role), StringComparer.Ordinal);

        foreach (var agent in round.Agents)
        {
            var free = agent.Free;
            var order = Enumerable.Range(0, round.Claims.Count)
                .OrderBy(i => Share(roles[round.Claims[i].Role], total) / round.Claims[i].Weight)
                .ThenBy(i => Share(held[i], total))
                .ThenBy(i => round.Claims[i].Framework.Value, StringComparer.Ordinal)
                .ThenBy(i => round.Claims[i].Role, StringComparer.Ordinal)
                .ToArray();
            foreach (var i in order)
            {
                if (free.IsEmpty) break;
                var claim = round.Claims[i];
                var part = free.Where(key => (key.Role == "*" || key.Role == claim.Role) && (!key.Revocable || claim.TakesRevocable));
                if (part.IsEmpty || round.Refuses(claim.Framework, agent.Id, part)) continue;
                allocations.Add(new Allocation(claim.Framework, claim.Role, agent.Id, part));
                held[i] = held[i].Plus(part);
                roles[claim.Role] = roles[claim.Role].Plus(part);
                free = free.Minus(part);
            }
        }

        return allocations;
    }

    /// <summary>The greatest share of any scalar resource, 0 to 1.</summary>
    private static double Share(ResourceBag held, Dictionary<string, long> total) => held.Scalars()
        .Select(scalar => total.GetValueOrDefault(scalar.Name) is var all && all > 0 ? (double)scalar.Thousandths / all : 0)
        .DefaultIfEmpty(0).Max();

    private static ResourceBag Sum(IReadOnlyList<Claim> claims, ResourceBag[] held, string role) =>
        Enumerable.Range(0, claims.Count).Where(i => claims[i].Role == role).Aggregate(ResourceBag.Empty, (sum, i) => sum.Plus(held[i]));
}
