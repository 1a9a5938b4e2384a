using LifecycleManager.Manager.Status;
using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>
/// What a manager that leads shows of apps. What is shown of an app ends with it, and all of it with the term. Used by the owner
/// of a term alone, and between terms.
/// </summary>
internal sealed class AppMetrics
{
    private readonly CounterFromZero _decisions;
    private readonly CounterFromZero _failures;
    private readonly CounterFromZero _postponed;
    private readonly CounterFromZero _evaluationFailures;
    private readonly Gauge _instances;
    private readonly Gauge _desired;
    private readonly Gauge _min;
    private readonly Gauge _max;
    private readonly Gauge _value;
    private readonly Gauge _threshold;
    private readonly Gauge _held;
    private readonly Dictionary<string, AppSeries> _apps = new(StringComparer.Ordinal);

    public AppMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _decisions = new CounterFromZero(
            registry, "lcm_manager_decisions_total",
            "Decisions by kind: scale_out and scale_in once they are applied, hold when its reason is new, "
            + "dry_run when its count is new.",
            "app", "policy", "rule", "kind");
        _failures = new CounterFromZero(
            registry, "lcm_manager_scale_failures_total", "Changes that the target refused or did not answer.", "app", "reason");
        _postponed = new CounterFromZero(
            registry, "lcm_manager_scale_postponed_total", "Changes postponed, since something else changes the app.", "app");
        _evaluationFailures = new CounterFromZero(
            registry, "lcm_manager_evaluation_failures_total", "Evaluations of an app that failed by a defect.", "app");
        _instances = metrics.CreateGauge("lcm_manager_instances", "Instances that run.", "app");
        _desired = metrics.CreateGauge(
            "lcm_manager_instances_desired",
            "The count that is being set, with all that holds it back; of a policy that only watches, the one it would set.",
            "app");
        _min = metrics.CreateGauge("lcm_manager_instances_min", "The lower bound in force.", "app");
        _max = metrics.CreateGauge("lcm_manager_instances_max", "The upper bound in force.", "app");
        _value = metrics.CreateGauge("lcm_manager_metric_value", "A metric as the last evaluation saw it.", "app", "metric");
        _threshold = metrics.CreateGauge(
            "lcm_manager_metric_threshold", "The threshold that a rule compares the metric with.", "app", "metric");
        _held = metrics.CreateGauge(
            "lcm_manager_policy_held", "1 while a rule of the policy cannot be decided, since metrics are missing.", "app",
            "policy");
    }

    /// <summary>Counts a decision; <paramref name="rule"/> is empty where no rule had an opinion.</summary>
    public void Decided(string app, string policy, string rule, string kind)
    {
        Of(app).Decisions.Add((policy, rule, kind));
        _decisions.Inc(app, policy, rule, kind);
    }

    /// <summary>Counts a change that failed.</summary>
    public void Failed(string app, string reason)
    {
        Of(app).Failures.Add(reason);
        _failures.Inc(app, reason);
    }

    /// <summary>Counts a change that is postponed.</summary>
    public void PutOff(string app)
    {
        Of(app);
        _postponed.Inc(app);
    }

    /// <summary>Counts an evaluation that failed.</summary>
    public void EvaluationFailed(string app)
    {
        Of(app);
        _evaluationFailures.Inc(app);
    }

    /// <summary>Shows governed apps as they were decided.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="failures">The reasons of failures that are shown from zero.</param>
    public void Show(IEnumerable<GovernedApp> apps, IReadOnlyList<string> failures)
    {
        foreach (var app in apps)
        {
            var series = Of(app.App);
            _instances.WithLabels(app.App).Set(app.Running);
            _desired.WithLabels(app.App).Set(app.Evaluation.To);
            _min.WithLabels(app.App).Set(app.Min);
            _max.WithLabels(app.App).Set(app.Max);
            if (series.Policy != app.Policy) Begin(app, series, failures);
            _held.WithLabels(app.App, app.Policy).Set(app.MetricsMissing ? 1 : 0);
            Set(_value, app.App, series.Values, app.Metrics);
            Set(_threshold, app.App, series.Thresholds, app.Thresholds);
        }
    }

    /// <summary>
    /// An app that is no longer governed takes its gauges with it, and one that is no longer there its counters too.
    /// </summary>
    /// <param name="isGoverned">Whether a policy governs an app.</param>
    /// <param name="isThere">Whether the target has an app.</param>
    public void Keep(Func<string, bool> isGoverned, Func<string, bool> isThere)
    {
        foreach (var (app, series) in _apps)
        {
            if (isGoverned(app)) continue;
            RemoveGauges(app, series);
            if (isThere(app)) continue;
            RemoveCounters(app, series);
            _apps.Remove(app);
        }
    }

    /// <summary>The term has ended: another manager shows what there is.</summary>
    public void Clear()
    {
        _apps.Clear();
        foreach (var gauge in (Gauge[])[_instances, _desired, _min, _max, _value, _threshold, _held]) gauge.Withdraw();
        foreach (var counter in (CounterFromZero[])[_decisions, _failures, _postponed, _evaluationFailures]) counter.Clear();
    }

    private AppSeries Of(string app)
    {
        if (_apps.TryGetValue(app, out var series)) return series;
        _postponed.Begin(app);
        _evaluationFailures.Begin(app);
        return _apps[app] = new AppSeries();
    }

    /// <summary>A policy governs the app from now on. What may happen to it is shown as not having happened yet.</summary>
    private void Begin(GovernedApp app, AppSeries series, IReadOnlyList<string> failures)
    {
        if (series.Policy is { } former) _held.RemoveLabelled(app.App, former);
        series.Policy = app.Policy;
        foreach (var kind in app.Evaluation.DryRun ? [DecisionKinds.DryRun] : DecisionKinds.Changes)
        {
            series.Decisions.Add((app.Policy, "", kind));
            _decisions.Begin(app.App, app.Policy, "", kind);
        }

        foreach (var reason in failures)
        {
            series.Failures.Add(reason);
            _failures.Begin(app.App, reason);
        }
    }

    private void RemoveGauges(string app, AppSeries series)
    {
        foreach (var gauge in (ReadOnlySpan<Gauge>)[_instances, _desired, _min, _max]) gauge.RemoveLabelled(app);
        if (series.Policy is not null) _held.RemoveLabelled(app, series.Policy);
        foreach (var metric in series.Values) _value.RemoveLabelled(app, metric);
        foreach (var metric in series.Thresholds) _threshold.RemoveLabelled(app, metric);
        series.Policy = null;
        series.Values.Clear();
        series.Thresholds.Clear();
    }

    private void RemoveCounters(string app, AppSeries series)
    {
        _postponed.Remove(app);
        _evaluationFailures.Remove(app);
        foreach (var (policy, rule, kind) in series.Decisions) _decisions.Remove(app, policy, rule, kind);
        foreach (var reason in series.Failures) _failures.Remove(app, reason);
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

    private sealed class AppSeries
    {
        public string? Policy { get; set; }
        public HashSet<string> Values { get; } = new(StringComparer.Ordinal);
        public HashSet<string> Thresholds { get; } = new(StringComparer.Ordinal);
        public HashSet<(string Policy, string Rule, string Kind)> Decisions { get; } = [];
        public HashSet<string> Failures { get; } = new(StringComparer.Ordinal);
    }
}

/// <summary>The kinds of decisions, as metrics name them.</summary>
internal static class DecisionKinds
{
    public const string ScaleOut = "scale_out", ScaleIn = "scale_in", Hold = "hold", DryRun = "dry_run";

    /// <summary>Those that change a count.</summary>
    public static readonly IReadOnlyList<string> Changes = [ScaleOut, ScaleIn];
}
