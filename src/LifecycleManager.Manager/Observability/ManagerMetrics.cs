using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Runtime.Observability;
using LifecycleManager.Scaling.Targets;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>The manager's own metrics, as the dashboards query them.</summary>
internal sealed class ManagerMetrics
{
    /// <summary>Why the target did not take a change, shown from zero.</summary>
    private static readonly string[] Failures =
        [Text(ScaleStatus.Refused), Text(ScaleStatus.NotFound), Text(ScaleStatus.Unavailable)];

    private readonly AppMetrics _apps;
    private readonly BudgetMetrics _budgets;
    private readonly Counter _fired;
    private readonly Counter _storeFailures;
    private readonly Counter _ticks;
    private readonly Counter _rounds;
    private readonly Counter _skipped;
    private readonly Counter _overruns;
    private readonly Histogram _tick;
    private readonly Histogram _call;
    private readonly Gauge _policies;
    private readonly Gauge _refused;
    private readonly Gauge _leader;
    private readonly Gauge _targetUp;
    private readonly Gauge _inFlight;
    private readonly Gauge _scaleInStopped;
    private readonly Gauge _stopped;

    public ManagerMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _apps = new AppMetrics(registry);
        _budgets = new BudgetMetrics(registry);
        _fired = metrics.CreateCounter(
            "lcm_manager_rules_fired_total",
            "Rules over several apps in the chains of decisions that were counted: by coordination (C# for rules in C#), and "
            + "whether another rule had the last word, or it was a dry run.",
            ["coordination", "rule", "lost"]);
        _storeFailures = metrics.CreateCounter("lcm_manager_store_failures_total", "Writes that the state store did not accept.");
        _ticks = metrics.CreateCounter("lcm_manager_ticks_total", "Ticks by outcome.", ["outcome"]);
        _rounds = metrics.CreateCounter(
            "lcm_manager_rounds_total",
            "Rounds of decisions between two ticks: of apps whose metrics arrived, or that time alone changes.");
        _skipped = metrics.CreateCounter("lcm_manager_ticks_skipped_total", "Ticks skipped, since the one before took too long.");
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
        _refused = metrics.CreateGauge("lcm_manager_policy_files_refused",
            "Policy files that are refused in their present version.");
        _leader = metrics.CreateGauge("lcm_manager_leader", "1 while this manager leads.");
        _targetUp = metrics.CreateUnset("lcm_manager_target_up", "1 while the target could be read at the last tick.");
        _inFlight = metrics.CreateUnset("lcm_manager_changes_in_flight", "Changes on their way to the target at the last tick.");
        _scaleInStopped = metrics.CreateUnset(
            "lcm_manager_scale_in_stopped", "1 while scale-in is stopped everywhere, since too much is missing at once.");
        _stopped = metrics.CreateUnset("lcm_manager_stopped", "1 while all changes are stopped by hand.");
        foreach (var outcome in Enum.GetValues<TickOutcome>()) _ticks.WithLabels(Text(outcome)).Publish();
    }

    public void Leading(bool leads) => _leader.Set(leads ? 1 : 0);

    /// <summary>The term has ended, and with it what this manager knows of apps and their target.</summary>
    public void EndTerm()
    {
        Leading(false);
        _apps.Clear();
        _budgets.Show([]);
        foreach (var gauge in (ReadOnlySpan<Gauge>)[_targetUp, _inFlight, _scaleInStopped, _stopped])
            gauge.Withdraw();
    }

    public void Policies(int inForce) => _policies.Set(inForce);

    public void PolicyFilesRefused(int files) => _refused.Set(files);

    public void Skipped(int ticks) => _skipped.Inc(ticks);

    public void RoundEnded() => _rounds.Inc();

    public void StoreFailed() => _storeFailures.Inc();

    public void EvaluationFailed(string app) => _apps.EvaluationFailed(app);

    public void Ticked(TickReport report, bool overrun)
    {
        _tick.Observe(report.Took.TotalSeconds);
        _ticks.WithLabels(Text(report.Outcome)).Inc();
        if (overrun) _overruns.Inc();
        if (report.Outcome is TickOutcome.Ok or TickOutcome.StoreUnavailable) _targetUp.Set(1);
        else if (report.Outcome == TickOutcome.TargetUnavailable) _targetUp.Set(0);
    }

    public void Called(ScaleStatus status, TimeSpan took) => _call.WithLabels(Text(status)).Observe(took.TotalSeconds);

    /// <summary>Counts a decision that is final as it stands: a hold, a dry run.</summary>
    public void Decided(DecisionRecord record)
    {
        var kind = record.DryRun ? DecisionKinds.DryRun : record.Kind switch
        {
            DecisionKind.ScaleOut => DecisionKinds.ScaleOut,
            DecisionKind.ScaleIn => DecisionKinds.ScaleIn,
            _ => DecisionKinds.Hold,
        };
        _apps.Decided(record.App, record.Policy, record.Rule ?? "", kind);
        foreach (var link in record.Chain.Where(link => !link.IsOwn))
            _fired.WithLabels(link.By, link.Rule ?? "", link.Outcome is null ? "false" : "true").Inc();
    }

    public void Settled(DecisionRecord record, ScaleStatus status)
    {
        switch (record.Outcome)
        {
            case DecisionOutcome.Applied: Decided(record); break;
            case DecisionOutcome.Postponed or DecisionOutcome.Outdated: PutOff(record.App); break;
            default: _apps.Failed(record.App, Text(status)); break;
        }
    }

    public void PutOff(string app) => _apps.PutOff(app);

    public void Stopped(bool stopped) => _stopped.Set(stopped ? 1 : 0);

    public void ScaleInStopped(bool stopped) => _scaleInStopped.Set(stopped ? 1 : 0);

    /// <summary>Shows governed apps as they were decided.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="inFlight">How many changes are on their way, of all apps.</param>
    public void Show(IEnumerable<GovernedApp> apps, int inFlight)
    {
        _apps.Show(apps, Failures);
        _inFlight.Set(inFlight);
    }

    /// <inheritdoc cref="BudgetMetrics.Show"/>
    public void Show(IReadOnlyList<BudgetUse> budgets) => _budgets.Show(budgets);

    /// <inheritdoc cref="AppMetrics.Keep"/>
    public void Keep(Func<string, bool> isGoverned, Func<string, bool> isThere) => _apps.Keep(isGoverned, isThere);

    private static string Text(TickOutcome outcome) => outcome switch
    {
        TickOutcome.Ok => "ok",
        TickOutcome.NotLeading => "not_leading",
        TickOutcome.TargetUnavailable => "target_unavailable",
        TickOutcome.StoreUnavailable => "store_unavailable",
        _ => "failed",
    };

    private static string Text(ScaleStatus status) => status switch
    {
        ScaleStatus.Applied => "applied",
        ScaleStatus.Locked => "locked",
        ScaleStatus.Outdated => "outdated",
        ScaleStatus.Refused => "refused",
        ScaleStatus.NotFound => "not_found",
        _ => "unavailable",
    };
}
