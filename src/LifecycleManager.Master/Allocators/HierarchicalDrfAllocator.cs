using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Allocators;

/// <summary>
/// Hierarchical dominant resource fairness with weights and quotas, as Mesos' default allocator: an agent goes whole to the
/// framework with the least share of the role with the least share; guarantees are served first and kept free for those who
/// do not yet use them; limits are never exceeded.
/// </summary>
internal sealed class HierarchicalDrfAllocator : IAllocator
{
    private const long MinCpus = 10;
    private const long MinMem = 32_000;

    /// <inheritdoc/>
    public string Name => "hierarchical-drf";

    /// <inheritdoc/>
    public IReadOnlyList<Allocation> Allocate(AllocationRequest request)
    {
        if (request.Frameworks.Count == 0 || request.Agents.Count == 0) return [];
        var round = new Round(request);
        if (round.HasGuarantees)
        {
            foreach (var agent in request.Agents) round.ServeGuarantees(agent);
        }

        foreach (var agent in request.Agents) round.Share(agent);
        return round.Given;
    }

    /// <summary>Whether an amount is worth an offer: a hundredth of a cpu or 32 MB, as Mesos' default.</summary>
    internal static bool IsAllocatable(ResourceSet resources) =>
        resources.Milli("cpus") >= MinCpus || resources.Milli("mem") >= MinMem;

    /// <summary>Whether a framework wants so little, or so much, of an agent in a role.</summary>
    private static bool IsWorthIt(FrameworkDemand framework, string role, ResourceSet resources) =>
        framework.Minima?.GetValueOrDefault(role) is not { } minima ? IsAllocatable(resources)
        : !resources.IsEmpty && (minima.Count == 0
            || minima.Any(amounts => amounts.All(amount => resources.Milli(amount.Key) >= amount.Value)));

    private sealed class Round
    {
        private readonly AllocationRequest _request;
        private readonly RoleTree _tree;
        private readonly QuotaAccounts _quotas;
        private readonly Dictionary<AgentId, ResourceSet> _left = [];
        private readonly List<Allocation> _given = [];
        private readonly bool _hasMinima;

        public Round(AllocationRequest request)
        {
            _request = request;
            _tree = new RoleTree(request);
            _quotas = new QuotaAccounts(request);
            _hasMinima = request.Frameworks.Any(framework => framework.Minima is not null);
        }

        public bool HasGuarantees => _quotas.HasGuarantees;

        public IReadOnlyList<Allocation> Given => _given;

        public void ServeGuarantees(AgentSupply agent) =>
            Serve(agent, (role, free) => _quotas.WithinGuarantee(role, free));

        public void Share(AgentSupply agent) =>
            Serve(agent, (role, free) => _quotas.WithinLimitAndHeadroom(role, free));

        private void Serve(AgentSupply agent, Func<string, ResourceSet, ResourceSet> within)
        {
            var free = _left.GetValueOrDefault(agent.Id) ?? agent.Free;
            while ((_hasMinima ? !free.IsEmpty : IsAllocatable(free)) && GiveOne(agent, free, within) is { } given)
                free = free.Minus(given);
            _left[agent.Id] = free;
        }

        // The order changes with each gift, so one is made at a time.
        private ResourceSet? GiveOne(AgentSupply agent, ResourceSet free, Func<string, ResourceSet, ResourceSet> within)
        {
            foreach (var queue in _tree.Order())
            {
                var plain = within(queue.Role, free.Where(kind => !kind.IsRevocable && kind.IsAllocatableTo(queue.Role)));
                foreach (var candidate in queue.Candidates)
                {
                    var framework = candidate.Framework;
                    if ((agent.HasGpus && !framework.Gpus) || (agent.IsRemote && !framework.RegionAware)) continue;
                    var resources = framework.Revocable
                        ? plain.Plus(free.Where(kind => kind.IsRevocable && kind.IsAllocatableTo(queue.Role))) : plain;
                    if (!IsWorthIt(framework, queue.Role, resources)) continue;
                    if (_request.IsRefused(framework.Id, queue.Role, agent.Id, resources)) continue;
                    _given.Add(new Allocation(framework.Id, queue.Role, agent.Id, resources));
                    _quotas.Charge(queue.Role, resources);
                    _tree.Give(queue, candidate, resources);
                    return resources;
                }
            }

            return null;
        }
    }
}
