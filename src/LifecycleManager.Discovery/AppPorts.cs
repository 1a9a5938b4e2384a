using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Discovery;

/// <summary>The ports of an app's definition and those of its tasks.</summary>
internal static class AppPorts
{
    /// <summary>
    /// Where a port of the definition is among the ports of a task, which are the published ones; null where it is none of them.
    /// </summary>
    public static int? Position(App? app, int index)
    {
        if (app?.Container?.PortMappings is not { Count: > 0 } mappings || index >= mappings.Count) return index;
        return mappings[index].HostPort is null ? null : mappings.Take(index).Count(mapping => mapping.HostPort is not null);
    }
}
