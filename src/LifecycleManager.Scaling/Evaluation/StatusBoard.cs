using System.Collections.Immutable;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// What a tick saw, made public: for the API, the metrics and the history. Written by one owner, read by anybody.
/// </summary>
internal sealed class StatusBoard(ManagerState state, MetricHistory history, ManagerMetrics metrics, ILogger log)
{
    /// <summary>Shows what a tick saw and decided.</summary>
    /// <returns>The apps that were governed before and are no longer.</returns>
    public IReadOnlyList<string> Show(
        IReadOnlyList<ScalableApp> apps, IReadOnlyList<DecidedApp> decided, AppDecisions decisions, ChangeQueue changes,
        string? scaleInStopped, Instant read, Instant now)
    {
        var before = state.Snapshot;
        var byApp = decided.ToDictionary(entry => entry.App.Id, entry => entry.Decision, StringComparer.Ordinal);
        var statuses = ImmutableSortedDictionary.CreateBuilder<string, GovernedApp>(StringComparer.Ordinal);
        foreach (var app in apps)
        {
            if (decisions.Report(app.Id) is not { } report) continue;
            var evaluation = byApp.GetValueOrDefault(app.Id) ?? before.Apps.GetValueOrDefault(app.Id)?.Evaluation
                ?? decisions.Last(app.Id);
            if (evaluation is null) continue;
            statuses[app.Id] = new GovernedApp
            {
                App = app.Id,
                Policy = report.Policy,
                Instances = app.Instances,
                Running = app.Running,
                Healthy = app.Healthy,
                Staged = app.Staged,
                Deploying = app.Deploying,
                Min = report.Bounds.Min,
                Max = report.Bounds.Max,
                Evaluation = evaluation,
                Metrics = report.Metrics,
                Thresholds = report.Thresholds,
                MetricsMissing = report.MetricsMissing,
                InFlight = changes.IsUnderWay(app.Id),
                NextTry = changes.NextTry(app.Id, now),
            };
        }

        var governed = statuses.ToImmutable();
        IReadOnlyList<string> gone = [.. before.Apps.Keys.Where(app => !governed.ContainsKey(app))];
        foreach (var app in gone) metrics.Forget(app);
        TellWhatIsHeld(before.Apps, governed);
        TellOfScaleIn(before.ScaleInStopped, scaleInStopped);
        metrics.Show(governed.Values);
        history.Add(governed.Values, now.Wall);
        state.Snapshot = before with
        {
            Apps = governed,
            Ungoverned = apps.Count - governed.Count,
            TargetSeenAt = read.Wall,
            ScaleInStopped = scaleInStopped,
        };
        return gone;
    }

    private void TellWhatIsHeld(ImmutableSortedDictionary<string, GovernedApp> before,
        ImmutableSortedDictionary<string, GovernedApp> governed)
    {
        var held = governed.Values.Where(app => app.MetricsMissing).ToList();
        var heldBefore = before.Values.Any(app => app.MetricsMissing);
        if (held.Count > 0 && !heldBefore)
        {
            log.LogWarning(
                "{Count} apps have rules without metrics, the first is {App}: {Reason}", held.Count, held[0].App,
                held[0].Evaluation.Reason);
        }
        else if (held.Count == 0 && heldBefore)
        {
            log.LogInformation("Every rule has its metrics again");
        }
    }

    private void TellOfScaleIn(string? before, string? stopped)
    {
        metrics.ScaleInStopped(stopped is not null);
        if (stopped is not null && before is null) log.LogWarning("{Why}", stopped);
        if (stopped is null && before is not null) log.LogInformation("Scale-in goes on");
    }
}
