using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>What the store held.</summary>
internal sealed record LoadedState
{
    public string? FrameworkId { get; init; }

    public required GroupDefinition Root { get; init; }

    public IReadOnlyList<AppRecord> Apps { get; init; } = [];

    /// <summary>Older versions that instances or deployments refer to.</summary>
    public IReadOnlyList<AppRecord> Older { get; init; } = [];

    public IReadOnlyList<Instance> Instances { get; init; } = [];

    public IReadOnlyList<StoredDeployment> Deployments { get; init; } = [];

    public IReadOnlyList<StoredDelay> Delays { get; init; } = [];

    /// <summary>How far the scheduler's clock has come: it goes on from there.</summary>
    public TimeSpan Clock { get; init; }

    /// <summary>When the manager was last heard, by the scheduler's clock; null where that is not known.</summary>
    public TimeSpan? ManagerHeard { get; init; }

    /// <summary>Apps that cannot be read, with the reason.</summary>
    public IReadOnlyDictionary<AppId, string> UnreadableApps { get; init; } = Unreadable.None.Apps;

    /// <summary>Versions in use that cannot be read, with the reason.</summary>
    public IReadOnlyDictionary<(AppId App, DateTimeOffset Version), string> UnreadableVersions { get; init; } =
        new Dictionary<(AppId, DateTimeOffset), string>();

    /// <summary>Deployments that cannot be read, by id, with the reason.</summary>
    public IReadOnlyDictionary<string, string> UnreadableDeployments { get; init; } = Unreadable.None.Deployments;

    /// <summary>Why the groups cannot be read; null where they can.</summary>
    public string? UnreadableGroups { get; init; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<StoredChange> History { get; init; } = [];

    /// <summary>Of a store that was never used.</summary>
    public static LoadedState Empty => new() { Root = new GroupDefinition { Id = new AppId("/") } };
}
