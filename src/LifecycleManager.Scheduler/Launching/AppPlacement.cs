using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Placement;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Launching;

/// <summary>What placement has to know, from definitions and instances.</summary>
internal static class AppPlacement
{
    /// <summary>From a definition.</summary>
    public static PlacementSpec Spec(AppDefinition app) => new()
    {
        Cpus = RoleResources.Milli(app.Cpus),
        Mem = RoleResources.Milli(app.Mem),
        Disk = RoleResources.Milli(app.Disk),
        Gpus = RoleResources.Milli(app.Gpus),
        Constraints = app.Constraints,
        Ports = [.. app.Ports.Select(port => HostPort(app, port))],
        Roles = app.AcceptedResourceRoles,
        NeedsDocker = app.Wire.Container?.Docker?.Image is not null
            && !string.Equals(app.Wire.Container.Type, "MESOS", StringComparison.OrdinalIgnoreCase),
    };

    /// <summary>From the instances that count for constraints: all that use resources, or may.</summary>
    public static IReadOnlyList<PlacedInstance> Existing(IEnumerable<Instance> instances) =>
        [.. instances.Where(instance => instance.State != InstanceState.UnreachableInactive).Select(
            instance => new PlacedInstance(instance.AgentId, instance.Host, instance.Region, instance.Zone, instance.Attributes))];

    // On the host's network the service port is also the host port where ports are required.
    private static int? HostPort(AppDefinition app, PortSpec port) =>
        port.ContainerPort is null ? (app.RequirePorts ? port.ServicePort : 0) : port.HostPort;
}
