using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>The decision engine at work: what each app's count should be, and why. Of one owner.</summary>
internal sealed class AppDecisions : IDisposable
{
    private readonly DecisionEngine _engine;
    private readonly EvaluationSources _sources;
    private readonly ForecastHistory _forecasts;
    private readonly ManagerMetrics _metrics;
    private readonly ILogger _log;
    private PolicySet? _used;

    public AppDecisions(DecisionEngine engine, EvaluationSources sources, ForecastHistory forecasts, ManagerMetrics metrics,
        ILogger log)
    {
        (_engine, _sources, _forecasts, _metrics, _log) = (engine, sources, forecasts, metrics, log);
        _engine.UseHistory(forecasts.Read);
    }

    /// <summary>Takes the policies in force, where they are others than before.</summary>
    public void UsePolicies()
    {
        var policies = _sources.Policies();
        if (ReferenceEquals(policies, _used)) return;
        _engine.Use(policies);
        _used = policies;
    }

    /// <summary>Says what is to be collected for these apps.</summary>
    public void Demand(IEnumerable<ScalableApp> apps) =>
        _sources.Demand(_engine.Demands([.. apps.Select(app => new AppRef(app.Id, app.Labels))]));

    /// <summary>Decides apps; those without a policy are left out, and those whose evaluation fails.</summary>
    public List<DecidedApp> Decide(IEnumerable<ScalableApp> apps, Instant now)
    {
        var decided = new List<DecidedApp>();
        foreach (var app in apps)
        {
            try
            {
                var facts = new AppFacts(app.Id, app.Instances, app.Healthy, app.Staged, app.Deploying,
                    now.Wall)
                { Steady = now.Steady };
                if (_engine.Decide(new AppRef(app.Id, app.Labels), in facts, _sources.Metrics) is { } decision)
                    decided.Add(new DecidedApp(app, decision));
            }
            catch (Exception e)
            {
                _metrics.EvaluationFailed(app.Id);
                _log.LogError(e, "The evaluation of {App} failed; its count stays {Count}", app.Id, app.Instances);
            }
        }

        return decided;
    }

    /// <summary>What the last tick saw of an app; null where it was not decided yet.</summary>
    public AppReport? Report(string app) => _engine.Report(app);

    /// <summary>The last decision of an app with that tick's values; null where it was not decided yet.</summary>
    public Decision? Last(string app) => _engine.Explain(app);

    /// <summary>
    /// The last decision of an app, what each rule said, and the samples that there are for them now; null where there is none.
    /// </summary>
    public Explanation? Explain(string app, DateTimeOffset now) => _engine.Explain(app) is { } decision
        ? new Explanation(decision, _engine.Opinions(app),
            Evidence.Read(_engine, _sources.Metrics, app, now, Evidence.MostExplained))
        : null;

    /// <summary>A decision as it is put on record.</summary>
    public DecisionRecord Record(string id, Decision decision, DateTimeOffset now) => DecisionRecord.Of(id, decision) with
    {
        Opinions = _engine.Opinions(decision.App),
        Evidence = Evidence.Read(_engine, _sources.Metrics, decision.App, now, Evidence.MostRecorded),
    };

    /// <summary>Keeps what forecasts saw.</summary>
    public async Task LearnAsync(IEnumerable<DecidedApp> decided, Instant now, Fence fence, CancellationToken cancellation)
    {
        foreach (var (app, _) in decided)
        {
            foreach (var sample in _engine.Forecasts(app.Id)) _forecasts.Add(app.Id, sample, now.Wall);
        }

        await _forecasts.FlushAsync(fence, now.Wall, cancellation);
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app) => _engine.Forget(app);

    public void Dispose() => _engine.Dispose();
}

/// <summary>An app, and what was decided for it.</summary>
internal readonly record struct DecidedApp(ScalableApp App, Decision Decision);
