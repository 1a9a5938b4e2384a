using LifecycleManager.Decisions.Engine;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Targets;
using Prometheus;

namespace LifecycleManager.Scaling.Observability;

/// <summary>The manager's own metrics, as the dashboards query them.</summary>
internal sealed class ManagerMetrics
{
    private readonly Counter _decisions;
    private readonly Counter _failures;
    private readonly Counter _postponed;
    private readonly Counter _evaluationFailures;
    private readonly Counter _storeFailures;
    private readonly Counter _ticks;
    private readonly Counter _skipped;
    private readonly Counter _overruns;
    private readonly Histogram _tick;
    private readonly Histogram _call;
    private readonly Gauge _policies;
    private readonly Gauge _refused;
    private readonly Gauge _instances;
    private readonly Gauge _desired;
    private readonly Gauge _min;
    private readonly Gauge _max;
    private readonly Gauge _value;
    private readonly Gauge _threshold;
    private readonly Gauge _held;
    private readonly Gauge _leader;
    private readonly Gauge _targetUp;
    private readonly Gauge _inFlight;
    private readonly Gauge _scaleInStopped;
    private readonly Dictionary<string, AppSeries> _apps = new(StringComparer.Ordinal);

    public ManagerMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _decisions = metrics.CreateCounter(
            "lcm_manager_decisions_total",
            "Decisions by kind: scale_out and scale_in once they are applied, hold when its reason is new, dry_run when its wish is new.",
            ["app", "policy", "rule", "kind"]);
        _failures = metrics.CreateCounter(
            "lcm_manager_scale_failures_total", "Changes that the target did not take.", ["app", "reason"]);
        _postponed = metrics.CreateCounter(
            "lcm_manager_scale_postponed_total", "Changes put off since something else changes the app.", ["app"]);
        _evaluationFailures = metrics.CreateCounter(
            "lcm_manager_evaluation_failures_total", "Evaluations of an app that failed by a fault of our own.", ["app"]);
        _storeFailures = metrics.CreateCounter("lcm_manager_store_failures_total", "Writes that the state store did not take.");
        _ticks = metrics.CreateCounter("lcm_manager_ticks_total", "Ticks by outcome.", ["outcome"]);
        _skipped = metrics.CreateCounter("lcm_manager_ticks_skipped_total", "Ticks left out since the one before took too long.");
        _overruns = metrics.CreateCounter("lcm_manager_tick_overruns_total", "Ticks that took longer than their period.");
        _tick = metrics.CreateHistogram("lcm_manager_tick_seconds", "Duration of a tick.", new HistogramConfiguration
        {
            Buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        });
        _call = metrics.CreateHistogram(
            "lcm_manager_scale_seconds", "Duration of a change, retries included.", ["outcome"], new HistogramConfiguration
            {
                Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
        _policies = metrics.CreateGauge("lcm_manager_policies", "Policies in force.");
        _refused = metrics.CreateGauge("lcm_manager_policy_files_refused", "Policy files that are refused as they are now.");
        _instances = metrics.CreateGauge("lcm_manager_instances", "Instances that run.", ["app"]);
        _desired = metrics.CreateGauge("lcm_manager_instances_desired", "The count that the last evaluation wanted.", ["app"]);
        _min = metrics.CreateGauge("lcm_manager_instances_min", "The lower bound in force.", ["app"]);
        _max = metrics.CreateGauge("lcm_manager_instances_max", "The upper bound in force.", ["app"]);
        _value = metrics.CreateGauge("lcm_manager_metric_value", "A metric as the last evaluation saw it.", ["app", "metric"]);
        _threshold = metrics.CreateGauge("lcm_manager_metric_threshold", "What a rule holds the metric against.",
            ["app", "metric"]);
        _held = metrics.CreateGauge(
            "lcm_manager_policy_held", "1 while a rule of the policy cannot be decided for want of metrics.", ["app", "policy"]);
        _leader = metrics.CreateGauge("lcm_manager_leader", "1 while this manager leads.");
        _targetUp = metrics.CreateGauge("lcm_manager_target_up", "1 while the target could be read at the last tick.");
        _inFlight = metrics.CreateGauge("lcm_manager_changes_in_flight", "Changes on their way to the target at the last tick.");
        _scaleInStopped = metrics.CreateGauge(
            "lcm_manager_scale_in_stopped", "1 while scale-in is stopped everywhere since too much is missing at once.");
        _failures.Publish();
    }

    public void Leading(bool leads) => _leader.Set(leads ? 1 : 0);

    public void Policies(int inForce) => _policies.Set(inForce);

    public void PolicyFilesRefused(int files) => _refused.Set(files);

    public void Skipped(int ticks) => _skipped.Inc(ticks);

    public void StoreFailed() => _storeFailures.Inc();

    public void EvaluationFailed(string app) => _evaluationFailures.WithLabels(app).Inc();

    public void Ticked(TickReport report, bool overrun)
    {
        _tick.Observe(report.Took.TotalSeconds);
        _ticks.WithLabels(report.Outcome switch
        {
            TickOutcome.Ok => "ok",
            TickOutcome.NotLeading => "not_leading",
            TickOutcome.TargetUnavailable => "target_unavailable",
            TickOutcome.StoreUnavailable => "store_unavailable",
            _ => "failed",
        }).Inc();
        if (overrun) _overruns.Inc();
        if (report.Outcome is TickOutcome.Ok or TickOutcome.StoreUnavailable) _targetUp.Set(1);
        else if (report.Outcome == TickOutcome.TargetUnavailable) _targetUp.Set(0);
    }

    public void Called(ScaleStatus status, TimeSpan took) => _call.WithLabels(Text(status)).Observe(took.TotalSeconds);

    /// <summary>Counts a decision that is final as it stands: a hold, a dry run.</summary>
    public void Decided(DecisionRecord record)
    {
        var kind = record.DryRun ? "dry_run" : record.Kind switch
        {
            DecisionKind.ScaleOut => "scale_out",
            DecisionKind.ScaleIn => "scale_in",
            _ => "hold",
        };
        _decisions.WithLabels(record.App, record.Policy, record.Rule ?? "", kind).Inc();
    }

    public void Settled(DecisionRecord record, ScaleStatus status)
    {
        switch (record.Outcome)
        {
            case DecisionOutcome.Applied: Decided(record); break;
            case DecisionOutcome.Postponed: PutOff(record.App); break;
            default: _failures.WithLabels(record.App, Text(status)).Inc(); break;
        }
    }

    public void PutOff(string app) => _postponed.WithLabels(app).Inc();

    public void ScaleInStopped(bool stopped) => _scaleInStopped.Set(stopped ? 1 : 0);

    /// <summary>Shows the governed apps as of a tick.</summary>
    public void Show(IEnumerable<GovernedApp> apps)
    {
        var inFlight = 0;
        foreach (var app in apps)
        {
            if (app.InFlight) inFlight++;
            if (!_apps.TryGetValue(app.App, out var series)) _apps[app.App] = series = new AppSeries();
            _instances.WithLabels(app.App).Set(app.Running);
            _desired.WithLabels(app.App).Set(app.Evaluation.To);
            _min.WithLabels(app.App).Set(app.Min);
            _max.WithLabels(app.App).Set(app.Max);
            if (series.Policy != app.Policy && series.Policy is not null) _held.RemoveLabelled(app.App, series.Policy);
            series.Policy = app.Policy;
            _held.WithLabels(app.App, app.Policy).Set(app.MetricsMissing ? 1 : 0);
            Set(_value, app.App, series.Values, app.Metrics);
            Set(_threshold, app.App, series.Thresholds, app.Thresholds);
        }

        _inFlight.Set(inFlight);
    }

    /// <summary>An app that is no longer governed takes its gauges with it; its counters stay.</summary>
    public void Forget(string app)
    {
        if (!_apps.Remove(app, out var series)) return;
        foreach (var gauge in (ReadOnlySpan<Gauge>)[_instances, _desired, _min, _max]) gauge.RemoveLabelled(app);
        if (series.Policy is not null) _held.RemoveLabelled(app, series.Policy);
        foreach (var metric in series.Values) _value.RemoveLabelled(app, metric);
        foreach (var metric in series.Thresholds) _threshold.RemoveLabelled(app, metric);
    }

    private static void Set(Gauge gauge, string app, HashSet<string> shown, IReadOnlyList<KeyValuePair<string, double?>> values)
    {
        var now = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (value is not { } known || !now.Add(name)) continue;
            gauge.WithLabels(app, name).Set(known);
        }

        // A missing value is a gap in the curve, never the last value for ever.
        foreach (var gone in shown.Where(name => !now.Contains(name))) gauge.RemoveLabelled(app, gone);
        shown.Clear();
        shown.UnionWith(now);
    }

    private static string Text(ScaleStatus status) => status switch
    {
        ScaleStatus.Applied => "applied",
        ScaleStatus.Locked => "locked",
        ScaleStatus.Refused => "refused",
        ScaleStatus.NotFound => "not_found",
        _ => "unavailable",
    };

    private sealed class AppSeries
    {
        public string? Policy { get; set; }
        public HashSet<string> Values { get; } = new(StringComparer.Ordinal);
        public HashSet<string> Thresholds { get; } = new(StringComparer.Ordinal);
    }
}
