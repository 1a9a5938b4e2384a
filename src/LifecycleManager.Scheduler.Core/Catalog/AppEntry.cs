using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Catalog;

/// <summary>
/// One app and its instances. Each property has one owner, who alone sets it: the catalog, the task tracker for what it has of
/// instances, the deployment tracker for the deployment.
/// </summary>
internal sealed class AppEntry(AppId id, AppRecord record, bool isRemoved = false)
{
    public AppId Id { get; } = id;

    /// <summary>The app as it is meant to be; of a removed one, as it last was.</summary>
    public AppRecord Record { get; set; } = record;

    /// <summary>No longer in the tree.</summary>
    public bool IsRemoved { get; set; } = isRemoved;

    public Dictionary<string, Instance> Instances { get; } = new(StringComparer.Ordinal);

    /// <summary>Older versions that instances still run or a deployment may go back to.</summary>
    public Dictionary<DateTimeOffset, AppRecord> Older { get; } = [];

    /// <summary>
    /// Instances whose tasks have ended and that go on with the next one, while anything is to be launched; the tasks' ids, and
    /// of which configuration they were. Of the task tracker.
    /// </summary>
    public Queue<(string TaskId, DateTimeOffset ConfigVersion)> Returning { get; } = new();

    /// <summary>The deployment that changes the app.</summary>
    public ActiveDeployment? Deployment { get; set; }

    public InstanceFailure? LastFailure { get; set; }

    /// <summary>The definition of a version, where it is known.</summary>
    public AppDefinition? DefinitionOf(DateTimeOffset version) =>
        Record.Definition.Version == version ? Record.Definition : Older.GetValueOrDefault(version)?.Definition;
}
