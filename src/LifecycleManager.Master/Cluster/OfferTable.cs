using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>The offers that are out, and their return.</summary>
internal sealed class OfferTable(
    ClusterServices services, Ledger ledger, AgentTable agents, FrameworkTable frameworks, AllocationQueue allocations,
    MaintenancePlan plan)
{
    private const double DefaultRefuseSeconds = 5;
    private static readonly TimeSpan MaxRefusal = TimeSpan.FromDays(365);

    private readonly Dictionary<OfferId, OfferRecord> _open = [];
    private long _next;

    /// <summary>How many are out.</summary>
    public int Count => _open.Count;

    /// <summary>Takes back whatever is out.</summary>
    public void RescindAll()
    {
        foreach (var offer in _open.Values.ToList()) TakeBack(offer, rescind: true);
    }

    /// <summary>Takes an offer out that its framework accepts: its resources stay offered.</summary>
    public void Take(OfferRecord offer)
    {
        services.Changes.Advance();
        _open.Remove(offer.Id);
        offer.Timeout?.Cancel();
        frameworks.Known[offer.FrameworkId].Offers.Remove(offer.Id);
        agents.Registered[offer.AgentId].Offers.Remove(offer);
    }

    /// <summary>Takes an offer back. It is rescinded, unless the framework itself gave it up.</summary>
    public void TakeBack(OfferRecord offer, bool rescind = false)
    {
        services.Changes.Advance();
        if (!_open.Remove(offer.Id)) return;
        offer.Timeout?.Cancel();
        var framework = frameworks.Known[offer.FrameworkId];
        framework.Offers.Remove(offer.Id);
        var agent = agents.Registered[offer.AgentId];
        agent.Offers.Remove(offer);
        ledger.TakeBack(agent.Id, framework.Id, offer.Role, offer.Resources);
        if (rescind)
        {
            services.Effects.Send(framework,
                new SchedulerEvent { Type = EventType.Rescind, Rescind = new RescindEvent(offer.Id) });
            services.Metrics.OffersRescinded.Inc();
            framework.Counts.OffersRescinded++;
        }

        allocations.MarkDirty(agent);
    }

    /// <summary>Takes back what a framework has, without telling it.</summary>
    public void TakeBackAll(Framework framework)
    {
        foreach (var offer in framework.Offers.Values.ToList()) TakeBack(offer);
    }

    /// <summary>Rescinds the offers of an agent.</summary>
    public void RescindAll(Agent agent)
    {
        foreach (var offer in agent.Offers.ToList()) TakeBack(offer, rescind: true);
    }

    /// <summary>A framework wants no offer of these resources for a while.</summary>
    public void RefuseResources(Framework framework, string role, AgentId agent, ResourceSet resources, Filters? filters,
        TimeSpan atLeast)
    {
        if (resources.IsEmpty) return;
        var seconds = filters?.RefuseSeconds ?? DefaultRefuseSeconds;
        if (double.IsNaN(seconds) || seconds < 0) seconds = DefaultRefuseSeconds;
        var wait = seconds >= MaxRefusal.TotalSeconds ? MaxRefusal : TimeSpan.FromSeconds(seconds);
        if (wait < atLeast) wait = atLeast;
        if (wait <= TimeSpan.Zero) return;
        services.Changes.Advance();
        framework.Refuse(role, agent, resources, services.Time.GetTimestamp()
            + (long)(wait.TotalSeconds * services.Time.TimestampFrequency));
        services.Loop.After(wait, () =>
        {
            if (agents.Registered.TryGetValue(agent, out var still)) allocations.MarkDirty(still);
        });
    }

    /// <summary>DECLINE.</summary>
    public void Decline(Framework framework, DeclineCall call)
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesDeclineOffers);
        var byAgent = new List<OfferRecord>();
        foreach (var id in call.OfferIds)
        {
            if (!framework.Offers.TryGetValue(id, out var offer)) continue;
            TakeBack(offer);
            byAgent.Add(offer);
        }

        services.Metrics.OffersDeclined.Inc(byAgent.Count);
        framework.Counts.OffersDeclined += byAgent.Count;
        foreach (var offer in byAgent)
        {
            RefuseResources(framework, offer.Role, offer.AgentId, offer.Resources, call.Filters,
                services.Options.AllocationInterval);
        }
    }

    /// <summary>Makes an offer of what is free.</summary>
    public OfferRecord MakeOffer(Framework framework, Agent agent, string role, ResourceSet resources)
    {
        ledger.Offer(agent.Id, framework.Id, role, resources);
        var offer = new OfferRecord(new OfferId($"{services.MasterId}-O{_next++}"), framework.Id, agent.Id, role, resources);
        _open[offer.Id] = offer;
        framework.Offers[offer.Id] = offer;
        agent.Offers.Add(offer);
        if (services.Options.OfferTimeout is { } timeout)
            offer.Timeout = services.Loop.After(timeout, () => TakeBack(offer, rescind: true));
        return offer;
    }

    /// <summary>An offer as its framework gets it.</summary>
    public Offer ToWire(OfferRecord offer, Agent agent, bool refined) => new()
    {
        Id = offer.Id,
        FrameworkId = offer.FrameworkId,
        AgentId = agent.Id,
        Hostname = agent.Info.Hostname,
        Url = new OfferUrl
        {
            Scheme = agent.Address.Scheme,
            Address = new OfferAddress
            {
                Hostname = agent.Address.Host,
                Ip = agent.Ip?.ToString(),
                Port = agent.Address.Port,
            },
            Path = "/slave(1)",
        },
        Domain = agent.Info.Domain,
        Resources = offer.Resources.ToWire(offer.Role, refined),
        Attributes = agent.Info.Attributes,
        ExecutorIds = agent.Executors.Keys.Where(key => key.Framework == offer.FrameworkId).Select(key => key.Executor)
            .ToList() is { Count: > 0 } ids
            ? ids : null,
        AllocationInfo = new AllocationInfo(offer.Role),
        Unavailability = plan.UnavailabilityOf(agent),
    };
}
