namespace LifecycleManager.Security;

/// <summary>What a principal may do with some apps, beside what it may do with the cluster (<see cref="Permission"/>).</summary>
[Flags]
public enum GroupPermission
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>See definitions, instances, deployments, events, policies and decisions.</summary>
    View = 1,

    /// <summary>Read what instances write to stdout and stderr. It includes <see cref="View"/>.</summary>
    Logs = 2 | View,

    /// <summary>Read all that is in sandboxes. It includes <see cref="Logs"/>, which are files there.</summary>
    Files = 4 | Logs,

    /// <summary>Change counts, and hold or override what a policy makes of them. It includes <see cref="View"/>.</summary>
    Scale = 8 | View,

    /// <summary>
    /// Make, change, restart and delete apps, end instances, and steer deployments. It includes <see cref="Scale"/>, since a
    /// definition holds its count.
    /// </summary>
    Deploy = 16 | Scale,

    /// <summary>
    /// Run commands beside instances, as their users. It includes <see cref="View"/>; nothing but itself includes it.
    /// </summary>
    Exec = 32 | View,
}
