using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>
/// The master's Prometheus metrics; gauges are read from a snapshot when they are scraped. The cluster is shown by the master
/// that leads, and by no other.
/// </summary>
internal sealed class MasterMetrics
{
    private const double BytesOfMegabyte = 1024 * 1024;

    /// <summary>What the master counts in thousandths, and what is shown for 1: memory and disk are megabytes there.</summary>
    private static readonly (string Name, double Unit)[] Scalars =
        [("cpus", 1), ("mem", BytesOfMegabyte), ("disk", BytesOfMegabyte), ("gpus", 1)];

    private readonly Gauge _leader;
    private readonly Gauge _agents;
    private readonly Gauge _frameworks;
    private readonly Gauge _tasks;
    private readonly Gauge _total;
    private readonly Gauge _used;
    private readonly Gauge _offered;
    private readonly Gauge _pending;
    private readonly Gauge[] _ofTerm;

    public MasterMetrics(CollectorRegistry registry)
    {
        const string Units = "; mem and disk in bytes";
        var metrics = Metrics.WithCustomRegistry(registry);
        _leader = metrics.CreateGauge("lcm_master_leader", "1 while this master leads");
        _agents = metrics.CreateGauge("lcm_master_agents", "Agents by state", "state");
        _frameworks = metrics.CreateGauge("lcm_master_frameworks", "Frameworks by state", "state");
        _tasks = metrics.CreateGauge("lcm_master_tasks", "Tasks by state", "state");
        _total = metrics.CreateGauge("lcm_master_resources", "Resources of the registered agents" + Units, "resource");
        _used = metrics.CreateGauge("lcm_master_resources_used", "Resources that tasks use" + Units, "resource");
        _offered = metrics.CreateGauge("lcm_master_resources_offered", "Resources in outstanding offers" + Units, "resource");
        _pending = metrics.CreateUnset("lcm_master_pending_events", "Actions that wait for the master's loop");
        _ofTerm = [_agents, _frameworks, _tasks, _total, _used, _offered, _pending];
        StreamsDropped = metrics.CreateCounter("lcm_master_streams_dropped_total",
            "Event streams that were ended since their readers did not keep up");
        OffersSent = metrics.CreateCounter("lcm_master_offers_sent_total", "Offers sent");
        OffersAccepted = metrics.CreateCounter("lcm_master_offers_accepted_total", "Offers accepted");
        OffersDeclined = metrics.CreateCounter("lcm_master_offers_declined_total", "Offers declined");
        OffersRescinded = metrics.CreateCounter("lcm_master_offers_rescinded_total", "Offers rescinded");
        Allocation = metrics.CreateHistogram("lcm_master_allocation_seconds", "Time of one allocation", new HistogramConfiguration
        {
            Buckets = Histogram.ExponentialBuckets(0.0001, 2, 14),
        });
    }

    /// <summary>Shows what waits for the readers of event streams.</summary>
    public static void Watch(CollectorRegistry registry, Func<long> waiting)
    {
        var bytes = Metrics.WithCustomRegistry(registry).CreateGauge("lcm_master_stream_waiting_bytes",
            "Bytes of events that wait for frameworks, agents and operators that do not keep up");
        registry.AddBeforeCollectCallback(() => bytes.Set(waiting()));
    }

    /// <summary>Event streams that were ended since their readers did not keep up.</summary>
    public Counter StreamsDropped { get; }

    public Counter OffersSent { get; }

    public Counter OffersAccepted { get; }

    public Counter OffersDeclined { get; }

    public Counter OffersRescinded { get; }

    public Histogram Allocation { get; }

    /// <summary>What Mesos' masters count.</summary>
    public MesosCounters Mesos { get; } = new();

    /// <summary>How long allocations took.</summary>
    public RecentTimes AllocationRuns { get; } = new();

    /// <summary>How long what had changed waited for its allocation.</summary>
    public RecentTimes AllocationLatencies { get; } = new();

    /// <summary>The registry's.</summary>
    public RegistryMetrics Registry { get; } = new();

    /// <summary>Sets the gauges; null while another master leads, which alone knows the cluster.</summary>
    public void Show(MasterView? view)
    {
        _leader.Set(view is null ? 0 : 1);
        if (view is null)
        {
            foreach (var gauge in _ofTerm) gauge.Withdraw();
            return;
        }

        _agents.WithLabels("active").Set(view.Agents.Count(agent => agent.IsActive));
        _agents.WithLabels("inactive").Set(view.Agents.Count(agent => agent.IsConnected && !agent.IsActive));
        _agents.WithLabels("disconnected").Set(view.Agents.Count(agent => !agent.IsConnected));
        _agents.WithLabels("unreachable").Set(view.Unreachable);
        _agents.WithLabels("recovering").Set(view.Recovering);
        _frameworks.WithLabels("connected").Set(view.Frameworks.Count(framework => framework.IsConnected));
        _frameworks.WithLabels("disconnected").Set(view.Frameworks.Count(framework => !framework.IsConnected));
        var tasks = new int[Enum.GetValues<TaskState>().Length];
        foreach (var task in view.Tasks) tasks[(int)task.State]++;
        foreach (var task in view.Frameworks.SelectMany(framework => framework.Unreachable)) tasks[(int)task.State]++;
        foreach (var state in Enum.GetValues<TaskState>())
        {
            // Ended ones are counted only until they are acknowledged.
            if (state != TaskState.Unknown) _tasks.WithLabels(Name(state)).Set(tasks[(int)state]);
        }

        foreach (var (scalar, unit) in Scalars)
        {
            _total.WithLabels(scalar).Set(view.Total[scalar] / 1000.0 * unit);
            _used.WithLabels(scalar).Set(view.Used[scalar] / 1000.0 * unit);
            _offered.WithLabels(scalar).Set(view.Offered[scalar] / 1000.0 * unit);
        }

        _pending.Set(view.PendingEvents);
    }

    /// <summary>A state in the labels' spelling: <c>gone_by_operator</c>.</summary>
    internal static string Name(TaskState state) =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());
}
