namespace LifecycleManager.Master.Registry;

/// <summary>Where the master's state is stored.</summary>
internal static class RegistryKeys
{
    /// <summary>The prefix of the agents' keys.</summary>
    public const string Agents = "master/agents/";

    /// <summary>The prefix of the frameworks' keys.</summary>
    public const string Frameworks = "master/frameworks/";

    /// <summary>Weights and quotas.</summary>
    public const string Roles = "master/roles";

    /// <summary>The maintenance schedule.</summary>
    public const string Maintenance = "master/maintenance";
}
