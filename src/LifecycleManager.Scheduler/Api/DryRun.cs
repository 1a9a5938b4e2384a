using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Snapshots;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What a change would do.</summary>
internal static class DryRun
{
    /// <summary>The steps of the deployment that would lead to a tree.</summary>
    /// <exception cref="ChangeRefusedException">It would be refused.</exception>
    public static IReadOnlyList<PlannedStep> Plan(SchedulerSnapshot snapshot, GroupDefinition wanted,
        Func<AppDefinition, IReadOnlyList<ChangeProblem>> admission, Func<AppId, string> pathOf)
    {
        var refused = new Problems();
        var before = new Dictionary<AppId, AppRecord?>();
        var after = new Dictionary<AppId, AppRecord?>();
        var wantedApps = wanted.AllApps.ToDictionary(app => app.Id);
        foreach (var (id, app) in wantedApps)
        {
            var known = snapshot.Apps.TryGetValue(id, out var status) && !status.IsRemoved ? status : null;
            if (known is not null && (ReferenceEquals(known.Definition, app) || known.Definition.SameAs(app))) continue;
            if (known is null || app.Instances > known.Definition.Instances || !known.Definition.SameAs(app, count: false))
            {
                foreach (var problem in admission(app)) refused.Add(pathOf(id) + problem.Path, $"{problem.Message} (app {id})");
            }

            before[id] = known is null ? null : new AppRecord(known.Definition, known.LastScalingAt, known.LastConfigChangeAt);
            after[id] = new AppRecord(app, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        }

        refused.ThrowIfAny();
        foreach (var (id, status) in snapshot.Apps)
        {
            if (status.IsRemoved || wantedApps.ContainsKey(id)) continue;
            before[id] = new AppRecord(status.Definition, status.LastScalingAt, status.LastConfigChangeAt);
            after[id] = null;
        }

        return DeploymentPlanner.Plan(
            before, after, id => before[id] is { } was && !was.Definition.SameAs(after[id]!.Definition, count: false),
            DependencyOrder.Levels(wanted));
    }
}
