using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Offers what is free: one allocation over all that has changed.</summary>
internal sealed class OfferAllocator(
    ClusterServices services, IAllocator allocator, Ledger ledger, AgentTable agents, FrameworkTable frameworks,
    AllocationQueue allocations, MaintenancePlan plan, OfferTable offers, RoleSettings roles)
{
    private readonly ClusterServices _services = services;
    private readonly IAllocator _allocator = allocator;
    private readonly Ledger _ledger = ledger;
    private readonly AgentTable _agents = agents;
    private readonly FrameworkTable _frameworks = frameworks;
    private readonly AllocationQueue _allocations = allocations;
    private readonly MaintenancePlan _plan = plan;
    private readonly OfferTable _offers = offers;
    private readonly RoleSettings _roles = roles;

    /// <summary>Offers what is free on the agents that wait.</summary>
    public void Allocate()
    {
        var agents = (_allocations.Take() ?? _agents.Registered.Keys)
            .Select(id => _agents.Registered.GetValueOrDefault(id))
            .Where(agent => agent is { IsActive: true } && !agent.Account.Free.IsEmpty && !_plan.IsInMaintenance(agent))
            .Select(agent => new AgentSupply(agent!.Id, agent.Account.Free, agent.HasGpus, IsRemote(agent)))
            .ToList();
        var frameworks = _frameworks.Known.Values.Where(framework => framework is { IsConnected: true, IsLeaving: false })
            .Select(Demand).Where(demand => demand.Roles.Count > 0).ToList();
        if (agents.Count == 0 || frameworks.Count == 0) return;

        var started = _services.Time.GetTimestamp();
        var policies = _roles.RolePolicies();
        var allocations = _allocator.Allocate(new AllocationRequest
        {
            Total = _ledger.Total,
            FreeUnreserved = policies.Count == 0 ? new Quantities() : FreeUnreserved(),
            Agents = agents,
            Roles = policies,
            Frameworks = frameworks,
            AllocatedByRole = _ledger.ByRole,
            IsRefused = (framework, role, agent, resources) =>
                _frameworks.Known[framework].Refuses(role, agent, resources, started),
        });
        _services.Metrics.Allocation.Observe(_services.Time.GetElapsedTime(started).TotalSeconds);
        Offer(allocations);
    }

    private FrameworkDemand Demand(Framework framework)
    {
        var roles = framework.Suppressed.Count == 0 ? framework.Roles
            : framework.Roles.Where(role => !framework.Suppressed.Contains(role)).ToList();
        var allocated = new Dictionary<string, Quantities>(StringComparer.Ordinal);
        foreach (var role in roles)
        {
            if (_ledger.Of(framework.Id, role) is { } own) allocated[role] = own;
        }

        return new FrameworkDemand(
            framework.Id, roles, allocated,
            framework.Has(FrameworkCapability.RevocableResources), framework.Has(FrameworkCapability.GpuResources),
            framework.Has(FrameworkCapability.RegionAware));
    }

    private void Offer(IReadOnlyList<Allocation> allocations)
    {
        foreach (var ofFramework in allocations.GroupBy(allocation => allocation.Framework))
        {
            var framework = _frameworks.Known[ofFramework.Key];
            var refined = framework.Has(FrameworkCapability.ReservationRefinement);
            var offers = new List<Offer>();
            foreach (var ofAgent in ofFramework.GroupBy(allocation => (allocation.Agent, allocation.Role)))
            {
                var resources = ofAgent.Aggregate(ResourceSet.Empty, (sum, allocation) => sum.Plus(allocation.Resources));
                var offer = _offers.MakeOffer(framework, _agents.Registered[ofAgent.Key.Agent], ofAgent.Key.Role, resources);
                offers.Add(_offers.ToWire(offer, _agents.Registered[ofAgent.Key.Agent], refined));
            }

            framework.Stream?.Send(new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(offers) });
            _services.Metrics.OffersSent.Inc(offers.Count);
        }
    }

    private Quantities FreeUnreserved()
    {
        var free = new Quantities();
        foreach (var agent in _agents.Registered.Values)
        {
            if (agent.IsActive) free.Add(agent.Account.Free.Where(kind => kind.ReservedRole is null && !kind.IsRevocable));
        }

        return free;
    }

    private bool IsRemote(Agent agent) => _services.Options.Region is { } region && agent.Region is { } other && other != region;
}
