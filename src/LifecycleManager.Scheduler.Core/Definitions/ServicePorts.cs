using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Gives service ports to ports that ask for any, as Marathon does: unique over all apps, and an app that is sent again keeps
/// those it has, so that the same definition stays the same.
/// </summary>
internal static class ServicePorts
{
    /// <summary>The tree with every service port given.</summary>
    /// <param name="root">The wanted tree.</param>
    /// <param name="before">The tree as it was.</param>
    /// <param name="rules">The range.</param>
    /// <exception cref="ChangeRefusedException">The range is used up.</exception>
    public static GroupDefinition Assign(GroupDefinition root, GroupDefinition before, DefinitionRules rules)
    {
        if (!root.AllApps.Any(Lacks)) return root;
        var used = new HashSet<int>(root.AllApps.SelectMany(app => app.Ports).Select(port => port.ServicePort));
        var next = rules.FirstServicePort;
        return root.SelectApps(app => Lacks(app) ? Assign(app, before.FindApp(app.Id)) : app);

        AppDefinition Assign(AppDefinition app, AppDefinition? old)
        {
            var ports = app.Ports.Select((port, index) => port.ServicePort != 0 ? port.ServicePort : Take(old, index, app))
                .ToList();
            return AppDefinition.FromWire(With(app.Wire, ports));
        }

        int Take(AppDefinition? old, int index, AppDefinition app)
        {
            if (old is not null && index < old.Ports.Count && old.Ports[index].ServicePort is not 0 and var kept
                && used.Add(kept)) return kept;
            while (next <= rules.LastServicePort && !used.Add(next)) next++;
            if (next > rules.LastServicePort)
            {
                throw new ChangeRefusedException([new ChangeProblem(
                    "/portDefinitions",
                    $"{app.Id}: all service ports from {rules.FirstServicePort} to {rules.LastServicePort} are used")]);
            }

            return next++;
        }
    }

    /// <summary>
    /// Service ports that an app was given although another has them. Marathon takes that, and so do we, for load balancers may
    /// tell such apps apart; but it is said.
    /// </summary>
    /// <param name="root">The tree as it is to be.</param>
    /// <param name="before">As it was: what collided then has been said.</param>
    public static IReadOnlyList<string> Collisions(GroupDefinition root, GroupDefinition before)
    {
        var owners = new Dictionary<int, AppDefinition>();
        List<string>? messages = null;
        foreach (var app in root.AllApps)
        {
            foreach (var port in app.Ports)
            {
                if (port.ServicePort == 0 || owners.TryAdd(port.ServicePort, app) || owners[port.ServicePort] is var other
                    && ReferenceEquals(other, app)) continue;
                if (!ReferenceEquals(before.FindApp(app.Id), app) || !ReferenceEquals(before.FindApp(other.Id), other))
                    (messages ??= []).Add($"the service port {port.ServicePort} is that of {other.Id} and of {app.Id}");
                if (messages?.Count >= MaxCollisions) return messages;
            }
        }

        return messages ?? [];
    }

    private const int MaxCollisions = 100;

    // A pod has none: nobody reaches its endpoints by another port.
    private static bool Lacks(AppDefinition app)
    {
        if (app.IsPod) return false;
        foreach (var port in app.Ports)
            if (port.ServicePort == 0) return true;
        return false;
    }

    private static App With(App app, List<int> ports) => app.Networks is [{ Mode: NetworkNotation.Host }, ..]
        ? app with { PortDefinitions = [.. app.PortDefinitions!.Select((port, index) => port with { Port = ports[index] })] }
        : app with
        {
            Container = app.Container! with
            {
                PortMappings = [.. app.Container.PortMappings!.Select((port, index) => port with { ServicePort = ports[index] })],
            },
        };
}
