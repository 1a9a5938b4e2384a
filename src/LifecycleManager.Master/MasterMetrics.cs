using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>The master's Prometheus metrics; gauges are read from a snapshot when they are scraped.</summary>
internal sealed class MasterMetrics
{
    private static readonly string[] Scalars = ["cpus", "mem", "disk", "gpus"];

    private readonly Gauge _leader;
    private readonly Gauge _agents;
    private readonly Gauge _frameworks;
    private readonly Gauge _tasks;
    private readonly Gauge _total;
    private readonly Gauge _used;
    private readonly Gauge _offered;
    private readonly Gauge _pending;

    public MasterMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        _leader = metrics.CreateGauge("lcm_master_leader", "1 while this master leads");
        _agents = metrics.CreateGauge("lcm_master_agents", "Agents by state", "state");
        _frameworks = metrics.CreateGauge("lcm_master_frameworks", "Frameworks by state", "state");
        _tasks = metrics.CreateGauge("lcm_master_tasks", "Tasks by state", "state");
        _total = metrics.CreateGauge("lcm_master_resources_total", "Resources of the registered agents", "resource");
        _used = metrics.CreateGauge("lcm_master_resources_used", "Resources that tasks use", "resource");
        _offered = metrics.CreateGauge("lcm_master_resources_offered", "Resources in outstanding offers", "resource");
        _pending = metrics.CreateGauge("lcm_master_pending_events", "Actions that wait for the master's loop");
        OffersSent = metrics.CreateCounter("lcm_master_offers_sent_total", "Offers sent");
        OffersAccepted = metrics.CreateCounter("lcm_master_offers_accepted_total", "Offers accepted");
        OffersDeclined = metrics.CreateCounter("lcm_master_offers_declined_total", "Offers declined");
        OffersRescinded = metrics.CreateCounter("lcm_master_offers_rescinded_total", "Offers rescinded");
        Allocation = metrics.CreateHistogram("lcm_master_allocation_seconds", "Time of one allocation", new HistogramConfiguration
        {
            Buckets = Histogram.ExponentialBuckets(0.0001, 2, 14),
        });
    }

    public Counter OffersSent { get; }

    public Counter OffersAccepted { get; }

    public Counter OffersDeclined { get; }

    public Counter OffersRescinded { get; }

    public Histogram Allocation { get; }

    /// <summary>Sets the gauges; null while another master leads.</summary>
    public void Show(MasterView? view)
    {
        _leader.Set(view is null ? 0 : 1);
        _agents.WithLabels("active").Set(view?.Agents.Count(agent => agent.IsActive) ?? 0);
        _agents.WithLabels("inactive").Set(view?.Agents.Count(agent => agent.IsConnected && !agent.IsActive) ?? 0);
        _agents.WithLabels("disconnected").Set(view?.Agents.Count(agent => !agent.IsConnected) ?? 0);
        _agents.WithLabels("unreachable").Set(view?.Unreachable ?? 0);
        _agents.WithLabels("recovering").Set(view?.Recovering ?? 0);
        _frameworks.WithLabels("connected").Set(view?.Frameworks.Count(framework => framework.IsConnected) ?? 0);
        _frameworks.WithLabels("disconnected").Set(view?.Frameworks.Count(framework => !framework.IsConnected) ?? 0);
        var tasks = new int[Enum.GetValues<TaskState>().Length];
        foreach (var task in view?.Tasks ?? []) tasks[(int)task.State]++;
        foreach (var task in view?.Frameworks.SelectMany(framework => framework.Unreachable) ?? []) tasks[(int)task.State]++;
        foreach (var state in Enum.GetValues<TaskState>())
        {
            // Ended ones are counted only until they are acknowledged.
            if (state != TaskState.Unknown) _tasks.WithLabels(Name(state)).Set(tasks[(int)state]);
        }

        foreach (var scalar in Scalars)
        {
            Set(_total, scalar, view?.Total);
            Set(_used, scalar, view?.Used);
            Set(_offered, scalar, view?.Offered);
        }

        _pending.Set(view?.PendingEvents ?? 0);
    }

    /// <summary>A state in the labels' spelling: <c>gone_by_operator</c>.</summary>
    internal static string Name(TaskState state) =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private static void Set(Gauge gauge, string scalar, Quantities? quantities) =>
        gauge.WithLabels(scalar).Set((quantities?[scalar] ?? 0) / 1000.0);
}
