using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Scheduler.State.Core;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>The scheduler's metrics. Those of an app end with it.</summary>
internal sealed class SchedulerMetrics
{
    private readonly Gauge _target;
    private readonly Gauge _staged;
    private readonly Gauge _running;
    private readonly Gauge _healthy;
    private readonly Gauge _queued;
    private readonly Gauge _connected;
    private readonly Gauge _leading;
    private readonly Gauge _deployments;
    private readonly Gauge _subscribers;
    private readonly Counter _droppedSubscribers;
    private readonly Counter _launches;
    private readonly Counter _failures;
    private readonly Counter _finished;
    private readonly Counter _refused;
    private readonly Histogram _writes;
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);

    public SchedulerMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        _target = metrics.CreateGauge("lcm_scheduler_app_instances_target", "Wanted instances.", "app");
        _staged = metrics.CreateGauge("lcm_scheduler_app_instances_staged", "Instances that are being brought up.", "app");
        _running = metrics.CreateGauge("lcm_scheduler_app_instances_running", "Instances that run.", "app");
        _healthy = metrics.CreateGauge(
            "lcm_scheduler_app_instances_healthy", "Running instances that pass their health checks, or have none.", "app");
        _queued = metrics.CreateGauge("lcm_scheduler_queue_instances", "Instances that wait for an offer or a delay.", "app");
        _connected = metrics.CreateGauge("lcm_scheduler_connected", "1 while subscribed at a master.");
        _leading = metrics.CreateGauge("lcm_scheduler_leading", "1 while this scheduler leads.");
        _deployments = metrics.CreateGauge("lcm_scheduler_deployments", "Deployments under way.");
        _subscribers = metrics.CreateGauge("lcm_scheduler_event_subscribers", "Open event streams.");
        _droppedSubscribers = metrics.CreateCounter(
            "lcm_scheduler_event_subscribers_dropped_total",
            "Event streams that were ended since their readers did not keep up.");
        _launches = metrics.CreateCounter("lcm_scheduler_launches_total", "Launched instances.", "app");
        _failures = metrics.CreateCounter("lcm_scheduler_task_failures_total", "Instances that ended though nobody wanted it.",
            "app");
        _finished = metrics.CreateCounter("lcm_scheduler_deployments_finished_total", "Deployments that are over.", "outcome");
        _refused = metrics.CreateCounter("lcm_scheduler_offers_refused_total", "Offers that did not fit a waiting instance.",
            "reason");
        _writes = metrics.CreateHistogram(
            "lcm_scheduler_store_write_seconds",
            "Time until a batch of changes is durable.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2.5, 10) });
        _connected.Set(0);
        _leading.Set(0);
        _deployments.Set(0);
    }

    public Prometheus.ITimer TimeWrite() => _writes.NewTimer();

    public void CountDroppedSubscriber(int left)
    {
        _droppedSubscribers.Inc();
        _subscribers.Set(left);
    }

    public void Count(IEnumerable<Counted> counts)
    {
        foreach (var count in counts)
        {
            switch (count)
            {
                case LaunchCounted launch:
                    _launches.WithLabels(launch.App.Path).Inc();
                    break;
                case FailureCounted failure:
                    _failures.WithLabels(failure.App.Path).Inc();
                    break;
                case DeploymentCounted deployment:
                    _finished.WithLabels(deployment.Outcome).Inc();
                    break;
                case RefusalCounted refusal:
                    _refused.WithLabels(refusal.Reason.ToString()).Inc(refusal.Count);
                    break;
            }
        }
    }

    public void Show(SchedulerSnapshot snapshot, IEnumerable<AppId> changed, int subscribers)
    {
        _connected.Set(snapshot.Framework.Connected ? 1 : 0);
        _leading.Set(snapshot.Leader.IsLeading ? 1 : 0);
        _deployments.Set(snapshot.Deployments.Count);
        _subscribers.Set(subscribers);
        var waiting = new HashSet<string>(snapshot.Queue.Select(item => item.Definition.Id.Path), StringComparer.Ordinal);
        foreach (var app in _waiting.Where(app => !waiting.Contains(app))) _queued.WithLabels(app).Set(0);
        foreach (var item in snapshot.Queue) _queued.WithLabels(item.Definition.Id.Path).Set(item.Count);
        _waiting.Clear();
        _waiting.UnionWith(waiting);

        foreach (var app in changed)
        {
            if (!snapshot.Apps.TryGetValue(app, out var status) || status is { IsRemoved: true, Instances.Count: 0 })
            {
                foreach (var gauge in (Gauge[])[_target, _staged, _running, _healthy, _queued]) gauge.RemoveLabelled(app.Path);
                foreach (var counter in (Counter[])[_launches, _failures]) counter.RemoveLabelled(app.Path);
                continue;
            }

            _target.WithLabels(app.Path).Set(status.IsRemoved ? 0 : status.Definition.Instances);
            _staged.WithLabels(app.Path).Set(status.Staged);
            _running.WithLabels(app.Path).Set(status.Running);
            _healthy.WithLabels(app.Path).Set(status.Definition.HealthChecks.Count == 0 ? status.Running : status.Healthy);
        }
    }

    /// <summary>Nothing is known of any app any more.</summary>
    public void Clear(SchedulerSnapshot last) => Show(
        last with { Apps = new Dictionary<AppId, AppStatus>(), Queue = [], Deployments = [] }, last.Apps.Keys, 0);
}
