using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Offers what is free: one allocation over all that has changed.</summary>
internal sealed class OfferAllocator(
    ClusterServices services, IAllocator allocator, Ledger ledger, AgentTable agents, FrameworkTable frameworks,
    AllocationQueue allocations, MaintenancePlan plan, OfferTable offers, RoleConfiguration roles)
{
    /// <summary>Offers what is free on the agents that wait.</summary>
    public void Allocate()
    {
        var supplies = (allocations.Take() ?? agents.Registered.Keys)
            .Select(id => agents.Registered.GetValueOrDefault(id))
            .Where(agent => agent is { IsActive: true } && !agent.Account.Free.IsEmpty && !plan.IsInMaintenance(agent))
            .Select(agent => new AgentSupply(agent!.Id, agent.Account.Free, agent.HasGpus, IsRemote(agent)))
            .ToList();
        var demands = frameworks.Known.Values.Where(framework => framework is { IsConnected: true, IsLeaving: false })
            .Select(Demand).Where(demand => demand.Roles.Count > 0).ToList();
        if (supplies.Count == 0 || demands.Count == 0) return;

        var started = services.Time.GetTimestamp();
        var policies = roles.RolePolicies();
        var allocated = allocator.Allocate(new AllocationRequest
        {
            Total = ledger.Total,
            FreeUnreserved = policies.Count == 0 ? new Quantities() : FreeUnreserved(),
            Agents = supplies,
            Roles = policies,
            Frameworks = demands,
            AllocatedByRole = ledger.ByRole,
            IsRefused = (framework, role, agent, resources) =>
                frameworks.Known[framework].Refuses(role, agent, resources, started),
        });
        var took = services.Time.GetElapsedTime(started);
        services.Metrics.Allocation.Observe(took.TotalSeconds);
        services.Metrics.AllocationRuns.Add(took);
        Offer(allocated);
    }

    private FrameworkDemand Demand(Framework framework)
    {
        var wanted = framework.Suppressed.Count == 0 ? framework.Roles
            : framework.Roles.Where(role => !framework.Suppressed.Contains(role)).ToList();
        var allocated = new Dictionary<string, Quantities>(StringComparer.Ordinal);
        foreach (var role in wanted)
        {
            if (ledger.Of(framework.Id, role) is { } own) allocated[role] = own;
        }

        return new FrameworkDemand(
            framework.Id, wanted, allocated,
            framework.Has(FrameworkCapability.RevocableResources), framework.Has(FrameworkCapability.GpuResources),
            framework.Has(FrameworkCapability.RegionAware))
        {
            Minima = FrameworkInfos.Minima(framework.Info),
        };
    }

    private void Offer(IReadOnlyList<Allocation> allocated)
    {
        foreach (var ofFramework in allocated.GroupBy(allocation => allocation.Framework))
        {
            var framework = frameworks.Known[ofFramework.Key];
            var refined = framework.Has(FrameworkCapability.ReservationRefinement);
            var made = new List<Offer>();
            foreach (var ofAgent in ofFramework.GroupBy(allocation => (allocation.Agent, allocation.Role)))
            {
                var resources = ofAgent.Aggregate(ResourceSet.Empty, (sum, allocation) => sum.Plus(allocation.Resources));
                var offer = offers.MakeOffer(framework, agents.Registered[ofAgent.Key.Agent], ofAgent.Key.Role, resources);
                made.Add(offers.ToWire(offer, agents.Registered[ofAgent.Key.Agent], refined));
            }

            services.Effects.Send(framework,
                new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(made) });
            services.Metrics.OffersSent.Inc(made.Count);
            framework.Counts.OffersSent += made.Count;
        }
    }

    private Quantities FreeUnreserved()
    {
        var free = new Quantities();
        foreach (var agent in agents.Registered.Values)
        {
            if (agent.IsActive) free.Add(agent.Account.Free.Where(kind => kind.ReservedRole is null && !kind.IsRevocable));
        }

        return free;
    }

    private bool IsRemote(Agent agent) => services.Options.Region is { } region && agent.Region is { } other && other != region;
}
