namespace LifecycleManager.Agent.Containerizers;

/// <summary>
/// The agent's containerizers: those that it launches tasks with, and those of which tasks of earlier runs are left.
/// </summary>
/// <param name="launching">The kinds that tasks are launched as.</param>
/// <param name="all">All.</param>
internal sealed class ContainerizerSet(IReadOnlyList<string> launching, IReadOnlyList<IContainerizer> all)
{
    /// <summary>The kinds of which tasks can be launched now, in order.</summary>
    public IReadOnlyList<string> Features =>
    [
        .. all.Where(containerizer => containerizer.Available && launching.Contains(containerizer.Name))
            .Select(containerizer => containerizer.Name).Order(StringComparer.Ordinal),
    ];

    /// <summary>One by its name; null where there is none.</summary>
    public IContainerizer? Find(string name) => all.FirstOrDefault(containerizer => containerizer.Name == name);
}
