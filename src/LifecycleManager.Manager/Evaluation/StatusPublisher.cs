using System.Collections.Immutable;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Manager.Status;
using LifecycleManager.Scaling.Execution;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// Publishes what a tick saw: for the API, the metrics, the history and the usage of apps. Written by one owner, read from any
/// thread.
/// </summary>
internal sealed class StatusPublisher(
    ManagerState state, MetricHistory history, UsageRecorder usage, ManagerMetrics metrics, PolicyWatch watch,
    MetricExtremes extremes, ILogger log)
{
    /// <summary>Publishes what a tick, or a round between two, saw and decided.</summary>
    /// <param name="facts">All apps.</param>
    /// <param name="isTick">Whether all apps were to be decided; a round leaves the others as they are.</param>
    /// <param name="decided">What is done: decisions with all that holds them back.</param>
    /// <param name="decisions">What the engine knows.</param>
    /// <param name="changes">The changes under way.</param>
    /// <param name="scaleInStopped">Why scale-in is stopped everywhere; null where it is not.</param>
    /// <param name="now">The present.</param>
    /// <returns>The apps that were governed before and are no longer.</returns>
    public IReadOnlyList<string> Publish(
        TargetFacts facts, bool isTick, IReadOnlyList<DecidedApp> decided, AppDecisions decisions,
        ChangeQueue changes, string? scaleInStopped, Moment now)
    {
        var apps = facts.Apps;
        var before = state.Snapshot;
        var byApp = decided.ToDictionary(entry => entry.App.Id, entry => entry.Decision, StringComparer.Ordinal);
        var statuses = isTick
            ? ImmutableSortedDictionary.CreateBuilder<string, GovernedApp>(StringComparer.Ordinal) : before.Apps.ToBuilder();
        var shown = new List<GovernedApp>(isTick ? apps.Count : decided.Count);
        foreach (var app in isTick ? apps : decided.Select(entry => entry.App))
        {
            if (decisions.Report(app.Id) is not { } report) continue;
            var evaluation = byApp.GetValueOrDefault(app.Id) ?? before.Apps.GetValueOrDefault(app.Id)?.Evaluation
                ?? decisions.Last(app.Id);
            if (evaluation is null) continue;
            if (app.Deleting) evaluation = Deletion(evaluation, app.Instances);
            var status = new GovernedApp
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
                ScaleInHeld = report.ScaleInHeld,
                ScaleOutHeld = report.ScaleOutHeld,
                Startup = decisions.Startup(app.Id),
                InFlight = changes.IsUnderWay(app.Id),
                NextTry = changes.NextTry(app.Id, now.Steady) is { } next ? now.ToWall(next) : null,
            };
            statuses[app.Id] = status;
            shown.Add(status);
        }

        // What a list lacks is not gone: it stays as it was seen last.
        foreach (var id in facts.Unlisted)
        {
            if (before.Apps.TryGetValue(id, out var status)) statuses[id] = status;
        }

        var governed = statuses.ToImmutable();
        IReadOnlyList<string> gone = [.. before.Apps.Keys.Where(app => !governed.ContainsKey(app))];
        LogHeldApps(before.Apps, governed);
        LogScaleIn(before.ScaleInStopped, scaleInStopped);
        metrics.Show(shown, changes.Count);
        var budgets = decisions.BudgetUses();
        metrics.Show(budgets);
        if (isTick)
        {
            var there = apps.Select(app => app.Id).Concat(facts.Unlisted).ToHashSet(StringComparer.Ordinal);
            metrics.Keep(governed.ContainsKey, there.Contains);
        }

        history.Add(governed.Values, now.Wall);
        extremes.Add(shown, now.Wall);
        IReadOnlyList<AppRef>? all = isTick ? [.. apps.Select(AppDecisions.Ref)] : before.TargetApps;
        usage.See(apps, facts.Gone);
        state.Snapshot = before with
        {
            Apps = governed,
            Ungoverned = isTick ? apps.Count - shown.Count : before.Ungoverned,
            TargetSeenAt = facts.Read.Wall,
            Unlisted = facts.Unlisted.Count,
            ScaleInStopped = scaleInStopped,
            CoordinationProblems = decisions.CoordinationProblems,
            Budgets = budgets,
            TargetApps = all,
            Findings = isTick ? watch.Look(all!, now.Wall) : before.Findings,
        };
        return gone;
    }

    private static Decision Deletion(Decision evaluation, int instances) => evaluation with
    {
        From = instances,
        To = instances,
        Rule = null,
        Reason = "it is being deleted",
        Recommendations = [],
        Adjustments = [],
    };

    private void LogHeldApps(ImmutableSortedDictionary<string, GovernedApp> before,
        ImmutableSortedDictionary<string, GovernedApp> governed)
    {
        var held = governed.Values.Where(app => app.MetricsMissing).ToList();
        var heldBefore = before.Values.Any(app => app.MetricsMissing);
        if (held.Count > 0 && !heldBefore)
        {
            log.LogWarning(
                "Rules have no metrics; apps concerned: {Count}, the first is {App}: {Reason}", held.Count, held[0].App,
                held[0].Evaluation.Reason);
        }
        else if (held.Count == 0 && heldBefore)
        {
            log.LogInformation("All rules have their metrics again");
        }
    }

    private void LogScaleIn(string? before, string? stopped)
    {
        metrics.ScaleInStopped(stopped is not null);
        if (stopped is not null && before is null) log.LogWarning("{Why}", stopped);
        if (stopped is null && before is not null) log.LogInformation("Scale-in is resumed");
    }
}
