using LifecycleManager.Master.State;
using LifecycleManager.Protocol.Mesos;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>What the master exports to Prometheus.</summary>
public sealed class MasterMetrics
{
    private static readonly string[] Scalars = ["cpus", "mem", "disk", "gpus"];
    private readonly Gauge _leader;
    private readonly Gauge _agents;
    private readonly Gauge _frameworks;
    private readonly Gauge _tasks;
    private readonly Gauge _total;
    private readonly Gauge _used;
    private readonly Gauge _offered;
    private readonly Counter _sent;
    private readonly Counter _accepted;
    private readonly Counter _declined;
    private readonly Counter _rescinded;
    private readonly Histogram _allocation;

    /// <summary>Registers the metrics.</summary>
    public MasterMetrics(CollectorRegistry registry)
    {
        var factory = Metrics.WithCustomRegistry(registry);
        _leader = factory.CreateGauge("lcm_master_leader", "1 while this master leads.");
        _agents = factory.CreateGauge("lcm_master_agents", "Agents by state.", "state");
        _frameworks = factory.CreateGauge("lcm_master_frameworks", "Frameworks by state.", "state");
        _tasks = factory.CreateGauge("lcm_master_tasks", "Tasks by state.", "state");
        _total = factory.CreateGauge("lcm_master_resources_total", "Resources of the connected agents.", "resource");
        _used = factory.CreateGauge("lcm_master_resources_used", "Resources that tasks use.", "resource");
        _offered = factory.CreateGauge("lcm_master_resources_offered", "Resources in open offers.", "resource");
        _sent = factory.CreateCounter("lcm_master_offers_sent_total", "Offers sent.");
        _accepted = factory.CreateCounter("lcm_master_offers_accepted_total", "Offers accepted.");
        _declined = factory.CreateCounter("lcm_master_offers_declined_total", "Offers declined.");
        _rescinded = factory.CreateCounter("lcm_master_offers_rescinded_total", "Offers rescinded.");
        _allocation = factory.CreateHistogram("lcm_master_allocation_seconds", "Duration of a round of allocation.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0001, 2, 16) });
    }

    internal void Allocated(TimeSpan duration) => _allocation.Observe(duration.TotalSeconds);

    internal void Follow() => _leader.Set(0);

    internal void Show(MasterCore core)
    {
        _leader.Set(1);
        foreach (var standing in Enum.GetValues<AgentStanding>())
        {
            var name = standing == AgentStanding.Connected ? "active" : standing.ToString().ToLowerInvariant();
            _agents.WithLabels(name).Set(core.Agents.Values.Count(agent => agent.Standing == standing));
        }

        _frameworks.WithLabels("connected").Set(core.Frameworks.Values.Count(framework => framework.Connected));
        _frameworks.WithLabels("disconnected").Set(core.Frameworks.Values.Count(framework => !framework.Connected));
        foreach (var state in Enum.GetValues<TaskState>())
            _tasks.WithLabels(state.ToString().ToLowerInvariant()).Set(core.Frameworks.Values.Sum(framework => framework.Tasks.Values.Count(task => task.State == state)));
        var connected = core.Agents.Values.Where(agent => agent.Standing == AgentStanding.Connected).ToArray();
        foreach (var name in Scalars)
        {
            _total.WithLabels(name).Set(connected.Sum(agent => agent.Total.Scalar(name)));
            _used.WithLabels(name).Set(connected.Sum(agent => agent.Used.Scalar(name)));
            _offered.WithLabels(name).Set(connected.Sum(agent => agent.Offered.Scalar(name)));
        }

        _sent.IncTo(core.Counters.OffersSent);
        _accepted.IncTo(core.Counters.OffersAccepted);
        _declined.IncTo(core.Counters.OffersDeclined);
        _rescinded.IncTo(core.Counters.OffersRescinded);
    }
}
