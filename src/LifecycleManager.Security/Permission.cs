namespace LifecycleManager.Security;

/// <summary>What a principal may do, beside running tasks in its roles.</summary>
[Flags]
public enum Permission
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read state, metrics, statistics and sandbox files.</summary>
    View = 1,

    /// <summary>Change the cluster: quotas, weights, maintenance, drains, teardowns. It includes <see cref="View"/>.</summary>
    Operate = 2 | View,

    /// <summary>Be an agent: register a machine's resources and report its tasks.</summary>
    Agent = 4,

    /// <summary>
    /// Run commands beside tasks, in their containers and as their users: what such a command can read and do, its caller can.
    /// It includes <see cref="View"/>; nothing but itself includes it.
    /// </summary>
    Exec = 8 | View,

    /// <summary>
    /// Ask for whoever has shown his certificate to a page of the console, and do what he may: what a scheduler needs of the
    /// other roles. Nothing but itself includes it.
    /// </summary>
    Impersonate = 16,
}
