using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <content>Offers: allocation, refusal, recall.</content>
internal sealed partial class MasterCore
{
    private const double DefaultRefuseSeconds = 5;
    private static readonly TimeSpan LongestRefusal = TimeSpan.FromDays(365);

    private readonly HashSet<AgentId> _dirty = [];
    private bool _allDirty;
    private bool _allocating;

    /// <summary>DECLINE.</summary>
    public void Decline(Framework framework, DeclineCall call)
    {
        var byAgent = new List<OfferRecord>();
        foreach (var id in call.OfferIds)
        {
            if (!framework.Offers.TryGetValue(id, out var offer)) continue;
            TakeBack(offer);
            byAgent.Add(offer);
        }

        _metrics.OffersDeclined.Inc(byAgent.Count);
        foreach (var offer in byAgent)
        {
            Refuse(framework, offer.Role, offer.AgentId, offer.Resources, call.Filters, _options.AllocationInterval);
        }
    }

    /// <summary>REVIVE: forgets what it refused, and offers at once.</summary>
    public void Revive(Framework framework, IReadOnlyList<string>? roles)
    {
        var which = roles is { Count: > 0 } ? roles : framework.Roles;
        _changes.Advance();
        framework.Suppressed.ExceptWith(which);
        framework.ForgetRefusals(which);
        MarkAllDirty();
    }

    /// <summary>SUPPRESS: no more offers in these roles.</summary>
    public void Suppress(Framework framework, IReadOnlyList<string>? roles)
    {
        _changes.Advance();
        framework.Suppressed.UnionWith(roles is { Count: > 0 } ? roles : framework.Roles);
    }

    // An offer that was taken back is rescinded, unless the framework itself gave it up.
    private void TakeBack(OfferRecord offer, bool rescind = false)
    {
        _changes.Advance();
        if (!_offers.Remove(offer.Id)) return;
        offer.Timeout?.Cancel();
        var framework = _frameworks[offer.FrameworkId];
        framework.Offers.Remove(offer.Id);
        var agent = _agents[offer.AgentId];
        agent.Offers.Remove(offer);
        _ledger.TakeBack(agent.Id, framework.Id, offer.Role, offer.Resources);
        if (rescind)
        {
            framework.Stream?.Send(new SchedulerEvent { Type = EventType.Rescind, Rescind = new RescindEvent(offer.Id) });
            _metrics.OffersRescinded.Inc();
        }

        MarkDirty(agent);
    }

    private void TakeBackAll(Framework framework)
    {
        foreach (var offer in framework.Offers.Values.ToList()) TakeBack(offer);
    }

    private void RescindAll(Agent agent)
    {
        foreach (var offer in agent.Offers.ToList()) TakeBack(offer, rescind: true);
    }

    private void Refuse(Framework framework, string role, AgentId agent, ResourceSet resources, Filters? filters, TimeSpan atLeast)
    {
        if (resources.IsEmpty) return;
        var seconds = filters?.RefuseSeconds ?? DefaultRefuseSeconds;
        if (double.IsNaN(seconds) || seconds < 0) seconds = DefaultRefuseSeconds;
        var wait = seconds >= LongestRefusal.TotalSeconds ? LongestRefusal : TimeSpan.FromSeconds(seconds);
        if (wait < atLeast) wait = atLeast;
        if (wait <= TimeSpan.Zero) return;
        _changes.Advance();
        framework.Refuse(role, agent, resources, _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency));
        _loop.After(wait, () =>
        {
            if (_agents.TryGetValue(agent, out var still)) MarkDirty(still);
        });
    }

    private void MarkDirty(Agent agent)
    {
        _dirty.Add(agent.Id);
        ScheduleAllocation();
    }

    private void MarkAllDirty()
    {
        _allDirty = true;
        ScheduleAllocation();
    }

    private void ScheduleAllocation()
    {
        if (_allocating) return;
        _allocating = true;
        _loop.After(_options.AllocationDelay, Allocate);
    }

    private void Allocate()
    {
        _allocating = false;
        var agents = (_allDirty ? _agents.Keys : _dirty.AsEnumerable())
            .Select(id => _agents.GetValueOrDefault(id))
            .Where(agent => agent is { IsActive: true } && !agent.Account.Free.IsEmpty && !IsInMaintenance(agent))
            .Select(agent => new AgentSupply(agent!.Id, agent.Account.Free, agent.HasGpus, IsRemote(agent)))
            .ToList();
        _allDirty = false;
        _dirty.Clear();
        var frameworks = _frameworks.Values.Where(framework => framework is { IsConnected: true, IsLeaving: false }).Select(Demand).Where(demand => demand.Roles.Count > 0).ToList();
        if (agents.Count == 0 || frameworks.Count == 0) return;

        var started = _time.GetTimestamp();
        var policies = RolePolicies();
        var allocations = _allocator.Allocate(new AllocationRequest
        {
            Total = _ledger.Total,
            FreeUnreserved = policies.Count == 0 ? new Quantities() : FreeUnreserved(),
            Agents = agents,
            Roles = policies,
            Frameworks = frameworks,
            AllocatedByRole = _ledger.ByRole,
            IsRefused = (framework, role, agent, resources) => _frameworks[framework].Refuses(role, agent, resources, started),
        });
        _metrics.Allocation.Observe(_time.GetElapsedTime(started).TotalSeconds);
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
            var framework = _frameworks[ofFramework.Key];
            var refined = framework.Has(FrameworkCapability.ReservationRefinement);
            var offers = new List<Offer>();
            foreach (var ofAgent in ofFramework.GroupBy(allocation => (allocation.Agent, allocation.Role)))
            {
                var resources = ofAgent.Aggregate(ResourceSet.Empty, (sum, allocation) => sum.Plus(allocation.Resources));
                var offer = MakeOffer(framework, _agents[ofAgent.Key.Agent], ofAgent.Key.Role, resources);
                offers.Add(ToWire(offer, _agents[ofAgent.Key.Agent], refined));
            }

            framework.Stream?.Send(new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(offers) });
            _metrics.OffersSent.Inc(offers.Count);
        }
    }

    private OfferRecord MakeOffer(Framework framework, Agent agent, string role, ResourceSet resources)
    {
        _ledger.Offer(agent.Id, framework.Id, role, resources);
        var offer = new OfferRecord(new OfferId($"{MasterId}-O{_nextOffer++}"), framework.Id, agent.Id, role, resources);
        _offers[offer.Id] = offer;
        framework.Offers[offer.Id] = offer;
        agent.Offers.Add(offer);
        if (_options.OfferTimeout is { } timeout) offer.Timeout = _loop.After(timeout, () => TakeBack(offer, rescind: true));
        return offer;
    }

    private Offer ToWire(OfferRecord offer, Agent agent, bool refined) => new()
    {
        Id = offer.Id,
        FrameworkId = offer.FrameworkId,
        AgentId = agent.Id,
        Hostname = agent.Info.Hostname,
        Url = new OfferUrl
        {
            Scheme = "http",
            Address = new OfferAddress { Hostname = agent.Info.Hostname, Port = agent.Info.Port ?? 5051 },
            Path = "/agent",
        },
        Domain = agent.Info.Domain,
        Resources = offer.Resources.ToWire(offer.Role, refined),
        Attributes = agent.Info.Attributes,
        ExecutorIds = agent.Executors.Keys.Where(key => key.Framework == offer.FrameworkId).Select(key => key.Executor).ToList() is { Count: > 0 } ids
            ? ids : null,
        AllocationInfo = new AllocationInfo(offer.Role),
        Unavailability = UnavailabilityOf(agent),
    };

    private Quantities FreeUnreserved()
    {
        var free = new Quantities();
        foreach (var agent in _agents.Values)
        {
            if (agent.IsActive) free.Add(agent.Account.Free.Where(kind => kind.ReservedRole is null && !kind.IsRevocable));
        }

        return free;
    }

    private bool IsRemote(Agent agent) => _options.Region is { } region && agent.Region is { } other && other != region;
}
