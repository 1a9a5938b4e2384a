using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>What placement has to know, from definitions and instances.</summary>
internal static class AppPlacement
{
    /// <summary>From a definition.</summary>
    /// <param name="app">The definition.</param>
    /// <param name="strategy">The cluster's strategy, for an app that states none.</param>
    public static PlacementSpec Spec(AppDefinition app, PlacementStrategy strategy) => new()
    {
        Cpus = RoleResources.Milli(app.Cpus),
        Mem = RoleResources.Milli(app.Mem),
        Disk = RoleResources.Milli(app.Disk),
        Gpus = RoleResources.Milli(app.Gpus),
        Constraints = app.Constraints,
        Ports = [.. app.Ports.Select(port => port.HostPort)],
        Roles = app.AcceptedResourceRoles,
        NeedsDocker = app.IsDocker,
        Strategy = PlacementLabels.Strategy(app.Labels) ?? strategy,
    };

    /// <summary>Everybody as neighbours of everybody; empty where nobody wishes anything.</summary>
    public static IReadOnlyList<Neighbour> Neighbours(IEnumerable<(AppDefinition App, IEnumerable<Instance> Instances)> apps)
    {
        var all = apps.Select(app => (app.App, Terms: PlacementLabels.Affinity(app.App.Labels), app.Instances)).ToList();
        return !all.Exists(app => app.Terms.Count > 0) ? []
            : all.ConvertAll(app => new Neighbour(app.App.Id.Path, app.Terms, Existing(app.Instances)));
    }

    /// <summary>A wish for instances of an app among its neighbours.</summary>
    public static PlacementRequest Request(
        AppDefinition app, int count, IEnumerable<Instance> instances, IReadOnlyList<Neighbour> neighbours,
        PlacementStrategy strategy) =>
        new(Spec(app, strategy), count, Existing(instances))
        {
            App = app.Id.Path,
            Near = neighbours.Count == 0 ? [] : AffinityRule.For(app.Id.Path, PlacementLabels.Affinity(app.Labels), neighbours),
        };

    /// <summary>From the instances that count for constraints: all that use resources, or may.</summary>
    public static IReadOnlyList<PlacedInstance> Existing(IEnumerable<Instance> instances) =>
        [.. instances.Where(instance => instance.State != InstanceState.UnreachableInactive).Select(
            instance =>
                new PlacedInstance(instance.AgentId, instance.Host, instance.Region, instance.Zone, instance.Attributes))];
}
