using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Snapshots;

/// <summary>What a plan of moves has to know of the apps.</summary>
internal static class SettledApps
{
    /// <summary>
    /// Apps at rest, whose running instances may move; those that a deployment holds are only in the way of others.
    /// </summary>
    public static IReadOnlyList<SettledApp> Of(SchedulerSnapshot snapshot, PlacementStrategy strategy) =>
    [
        .. snapshot.Apps.Values.Where(app => app is { IsRemoved: false, DeploymentIds.Count: 0 })
        .OrderBy(app => app.Definition.Id).Select(app => new SettledApp(
            app.Definition.Id.Path, AppPlacement.Spec(app.Definition, strategy), PlacementLabels.Affinity(app.Definition.Labels),
            [
                // What may not be started anew stays where it is.
                .. app.Instances.Where(instance => app.NotAdmitted is null
                    && instance is { State: InstanceState.Running, Goal: InstanceGoal.Running })
                .Select(instance => new MovableInstance(
                    instance.TaskId,
                    new PlacedInstance(instance.AgentId, instance.Host, instance.Region, instance.Zone, instance.Attributes),
                    [.. instance.Ports.OfType<int>()])),
            ])),
    ];
}
