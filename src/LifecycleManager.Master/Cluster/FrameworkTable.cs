using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The frameworks: those that may have tasks, those that have ended, and those that can never return; and their records.
/// </summary>
internal sealed class FrameworkTable(ClusterServices services)
{
    private readonly Dictionary<FrameworkId, Framework> _known = [];
    private readonly BoundedLog<FrameworkId, Framework> _completed = new();
    private readonly BoundedLog<FrameworkId, FrameworkEntry> _removed = new();

    /// <summary>The frameworks that may have tasks, also those that have ended and still have some.</summary>
    public IReadOnlyDictionary<FrameworkId, Framework> Known => _known;

    /// <summary>Ended frameworks without tasks, as many as are remembered; oldest first.</summary>
    public IEnumerable<Framework> Completed => _completed.Values;

    /// <summary>Takes over what is stored.</summary>
    /// <returns>The frameworks that may return.</returns>
    public IReadOnlyList<Framework> Recover(IEnumerable<FrameworkEntry> entries)
    {
        foreach (var entry in entries.OrderBy(entry => entry.RemovedAt ?? entry.RegisteredAt))
        {
            if (entry.RemovedAt is not null) _removed.Put(entry.Info.Id!.Value, entry, services.Options.MaxRemembered);
            else Add(new Framework(entry.Info, entry.RegisteredAt) { IsRecovered = true });
        }

        return [.. _known.Values];
    }

    /// <summary>Adds a framework.</summary>
    public void Add(Framework framework) => _known[framework.Id] = framework;

    /// <summary>Whether a framework was torn down or given up: it can never return.</summary>
    public bool IsRemoved(FrameworkId id) => _removed.Contains(id);

    /// <summary>Remembers a framework that was removed, and forgets the oldest where there are too many.</summary>
    public void PutRemoved(FrameworkEntry entry) => services.Forget(
        RegistryKeys.Frameworks, [.. _removed.Put(entry.Info.Id!.Value, entry, services.Options.MaxRemembered)
            .Select(id => id.Value)]);

    /// <summary>Moves a removed framework to the completed ones, once nothing of it runs any more.</summary>
    public void Retire(Framework framework)
    {
        if (framework.UnregisteredAt is null || framework.Tasks.Count > 0 || !_removed.Contains(framework.Id)) return;
        if (_known.Remove(framework.Id)) _completed.Put(framework.Id, framework, services.Options.MaxCompletedFrameworks);
    }

    /// <summary>Stores a framework's record.</summary>
    public void Store(FrameworkEntry entry, Action durable, Action<string> refused) => services.Commit(
        [RegistryWrites.Put(RegistryKeys.Frameworks, entry.Info.Id!.Value.Value, entry, RegistryJson.Default.FrameworkEntry)],
        durable, refused);
}
