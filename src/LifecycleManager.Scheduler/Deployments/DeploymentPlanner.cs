using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Deployments;

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
    public static IReadOnlyList<DeploymentStep> Plan(
        IReadOnlyDictionary<AppId, AppRecord?> before,
        IReadOnlyDictionary<AppId, AppRecord?> after,
        Func<AppId, bool> restart,
        IReadOnlyDictionary<AppId, int> levels)
    {
        var steps = new List<DeploymentStep>();
        var apps = after.Keys.OrderBy(app => app.Path, StringComparer.Ordinal).ToList();
        Add(apps.Where(app => after[app] is null && before[app] is not null)
            .Select(app => new DeploymentAction(DeploymentActionKind.StopApplication, app)));
        Add(apps.Where(app => after[app] is not null && before[app] is null)
            .Select(app => new DeploymentAction(DeploymentActionKind.StartApplication, app)));
        foreach (var level in apps.Where(app => after[app] is not null).GroupBy(app => levels.GetValueOrDefault(app)).OrderBy(level => level.Key))
        {
            Add(level.Select(app => new DeploymentAction(
                restart(app) ? DeploymentActionKind.RestartApplication : DeploymentActionKind.ScaleApplication,
                app)));
        }

        return steps;

        void Add(IEnumerable<DeploymentAction> actions)
        {
            var step = new DeploymentStep([.. actions]);
            if (step.Actions.Count > 0) steps.Add(step);
        }
    }
}
