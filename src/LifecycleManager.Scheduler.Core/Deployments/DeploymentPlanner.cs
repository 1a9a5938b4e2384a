using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>
/// From what there is and what is wanted to steps, as Marathon plans them: what is removed stops first, what is new is then
/// started with no instance, and after that the apps are scaled or restarted level by level of their dependencies.
/// </summary>
internal static class DeploymentPlanner
{
    /// <summary>Plans.</summary>
    /// <param name="before">The affected apps as they were; null for new ones.</param>
    /// <param name="after">The affected apps as they are to be; null for removed ones.</param>
    /// <param name="restart">Whether instances of an app have to be replaced.</param>
    /// <param name="levels">The dependency levels of the wanted tree.</param>
    /// <param name="rollout">The stages of an app whose instances have to be replaced; empty for all at once. Null: none has
    /// any.</param>
    public static IReadOnlyList<PlannedStep> Plan(
        IReadOnlyDictionary<AppId, AppRecord?> before,
        IReadOnlyDictionary<AppId, AppRecord?> after,
        Func<AppId, bool> restart,
        IReadOnlyDictionary<AppId, int> levels,
        Func<AppId, IReadOnlyList<RolloutStep>>? rollout = null)
    {
        var steps = new List<PlannedStep>();
        var apps = after.Keys.OrderBy(app => app.Path, StringComparer.Ordinal).ToList();
        Add(apps.Where(app => after[app] is null && before[app] is not null)
            .Select(app => Action(DeploymentActionKind.StopApplication, app)));
        Add(apps.Where(app => after[app] is not null && before[app] is null)
            .Select(app => Action(DeploymentActionKind.StartApplication, app)));
        foreach (var level in apps.Where(app => after[app] is not null).GroupBy(app => levels.GetValueOrDefault(app))
            .OrderBy(level => level.Key))
        {
            var staged = level.Where(app => rollout is not null && before[app] is not null && restart(app))
                .Select(app => (App: app, Stages: rollout!(app))).Where(app => app.Stages.Count > 0).ToList();
            var whole = level.Except(staged.Select(app => app.App))
                .Select(app => Action(restart(app) ? DeploymentActionKind.RestartApplication
                    : DeploymentActionKind.ScaleApplication, app))
                .ToList();

            // Side by side: whoever has fewer stages stays at its last one until all have theirs behind them.
            for (var index = 0; index < staged.Select(app => app.Stages.Count).DefaultIfEmpty().Max(); index++)
            {
                var now = staged.ConvertAll(app => (app.App, Step: app.Stages[Math.Min(index, app.Stages.Count - 1)],
                    Has: index < app.Stages.Count));
                steps.Add(new PlannedStep(
                [
                    .. whole, .. now.Select(app => Action(DeploymentActionKind.RestartApplication, app.App, app.Step.Stage)),
                ])
                {
                    Pause = now.Where(app => app.Has).Select(app => app.Step.Pause).Aggregate((StepPause?)null, StepPause.Longer),
                });
                whole = [];
            }

            Add(whole.Concat(staged.Select(app => Action(DeploymentActionKind.RestartApplication, app.App))));
        }

        return steps;

        PlannedAction Action(DeploymentActionKind kind, AppId app, RolloutStage? stage = null) =>
            new(kind, app, stage, (after[app] ?? before[app])!.Definition.IsPod);

        void Add(IEnumerable<PlannedAction> actions)
        {
            var step = new PlannedStep([.. actions]);
            if (step.Actions.Count > 0) steps.Add(step);
        }
    }
}
