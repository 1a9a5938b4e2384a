using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>When which machines are to be away, and which are now.</summary>
internal sealed class MaintenancePlan
{
    private HashSet<MaintenanceWindow> _open = [];

    /// <summary>The schedule as it is.</summary>
    public MaintenanceSchedule Schedule { get; set; } = new();

    /// <summary>The window of an agent's machine; null where none is planned.</summary>
    public MaintenanceWindow? WindowOf(Agent agent) => MaintenanceWindows.Of(Schedule, agent.Info.Hostname);

    /// <summary>When an agent's machine is to be away; null where that is not planned.</summary>
    public Unavailability? UnavailabilityOf(Agent agent) => WindowOf(agent)?.Unavailability;

    /// <summary>Whether an agent's machine is to be away now.</summary>
    public bool IsInMaintenance(Agent agent) => WindowOf(agent) is { } window && _open.Contains(window);

    /// <summary>Sets the windows that are open now.</summary>
    /// <returns>Whether they are others than before.</returns>
    public bool Update(HashSet<MaintenanceWindow> open)
    {
        var hasChanged = !open.SetEquals(_open);
        _open = open;
        return hasChanged;
    }
}
