using LifecycleManager.Runtime.Observability;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Snapshots;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>
/// The scheduler's metrics. Those of an app end with it; those of apps and deployments are shown by the scheduler that leads, and
/// by no other.
/// </summary>
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
    private readonly CounterFromZero _launches;
    private readonly CounterFromZero _failures;
    private readonly CounterFromZero _finished;
    private readonly CounterFromZero _refused;
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
        _deployments = metrics.CreateUnset("lcm_scheduler_deployments", "Deployments under way.");
        _subscribers = metrics.CreateGauge("lcm_scheduler_event_subscribers", "Open event streams.");
        _droppedSubscribers = metrics.CreateCounter(
            "lcm_scheduler_event_subscribers_dropped_total",
            "Event streams that were ended since their readers did not keep up.");
        _launches = new CounterFromZero(registry, "lcm_scheduler_launches_total", "Launched instances.", "app");
        _failures = new CounterFromZero(
            registry, "lcm_scheduler_task_failures_total", "Instances that ended though nobody wanted it.", "app");
        _finished = new CounterFromZero(
            registry, "lcm_scheduler_deployments_finished_total", "Deployments that are over.", "outcome");
        _refused = new CounterFromZero(
            registry, "lcm_scheduler_offers_refused_total", "Offers that did not fit a waiting instance.", "reason");
        _writes = metrics.CreateHistogram(
            "lcm_scheduler_store_write_seconds",
            "Time until a batch of changes is durable.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2.5, 10) });
    }

    /// <summary>Shows what waits for the readers of events, and for the master.</summary>
    public static void Watch(CollectorRegistry registry, Func<long> waiting, Func<int> waitingCalls)
    {
        var calls = Metrics.WithCustomRegistry(registry).CreateGauge("lcm_scheduler_calls_waiting",
            "Calls that wait until the master has taken those before them; at 65,536 the subscription begins anew.");
        var bytes = Metrics.WithCustomRegistry(registry).CreateGauge("lcm_scheduler_event_waiting_bytes",
            "Bytes of events that wait for the slowest reader, and so for all; --event-memory bounds them.");
        registry.AddBeforeCollectCallback(() =>
        {
            bytes.Set(waiting());
            calls.Set(waitingCalls());
        });
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
                    _launches.Inc(launch.App.Path);
                    break;
                case FailureCounted failure:
                    _failures.Inc(failure.App.Path);
                    break;
                case DeploymentCounted deployment:
                    _finished.Inc(deployment.Outcome);
                    break;
                case RefusalCounted refusal:
                    _refused.Inc(refusal.Count, refusal.Reason.ToString());
                    break;
            }
        }
    }

    public void Show(SchedulerSnapshot snapshot, IEnumerable<AppId> changed, int subscribers)
    {
        if (_leading.Value == 0) Begin();
        _connected.Set(snapshot.Framework.Connected ? 1 : 0);
        _deployments.Set(snapshot.Deployments.Count);
        _subscribers.Set(subscribers);
        var waiting = new HashSet<string>(snapshot.Queue.Select(item => item.Definition.Id.Path), StringComparer.Ordinal);
        foreach (var app in _waiting.Where(app => !waiting.Contains(app))) _queued.WithLabels(app).Set(0);
        foreach (var item in snapshot.Queue) _queued.WithLabels(item.Definition.Id.Path).Set(item.Count);
        _waiting.Clear();
        _waiting.UnionWith(waiting);

        foreach (var id in changed)
        {
            var app = id.Path;
            if (!snapshot.Apps.TryGetValue(id, out var status) || status is { IsRemoved: true, Instances.Count: 0 })
            {
                foreach (var gauge in (Gauge[])[_target, _staged, _running, _healthy, _queued]) gauge.RemoveLabelled(app);
                _launches.Remove(app);
                _failures.Remove(app);
                continue;
            }

            _target.WithLabels(app).Set(status.IsRemoved ? 0 : status.Definition.Instances);
            _staged.WithLabels(app).Set(status.Staged);
            _running.WithLabels(app).Set(status.Running);
            _healthy.WithLabels(app).Set(status.Definition.HealthChecks.Count == 0 ? status.Running : status.Healthy);
            if (!waiting.Contains(app)) _queued.WithLabels(app).Set(0);
            _launches.Begin(app);
            _failures.Begin(app);
        }
    }

    /// <summary>The conversation with the master has ended.</summary>
    public void Disconnected() => _connected.Set(0);

    /// <summary>This scheduler does not lead any more: what there is is shown by whoever does.</summary>
    public void Clear()
    {
        _leading.Set(0);
        _connected.Set(0);
        foreach (var gauge in (Gauge[])[_target, _staged, _running, _healthy, _queued, _deployments]) gauge.Withdraw();
        foreach (var counter in (CounterFromZero[])[_launches, _failures, _finished, _refused]) counter.Clear();
        _waiting.Clear();
    }

    private void Begin()
    {
        _leading.Set(1);
        foreach (var outcome in DeploymentCounted.Outcomes) _finished.Begin(outcome);
        foreach (var reason in Refusals.Order) _refused.Begin(reason.ToString());
    }
}
