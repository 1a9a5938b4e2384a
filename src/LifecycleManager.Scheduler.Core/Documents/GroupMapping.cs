using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>Between the tree of groups and the groups as they are stored.</summary>
internal static class GroupMapping
{
    /// <summary>The tree of stored groups, without apps.</summary>
    public static GroupDefinition Read(StoredGroups stored)
    {
        var byParent = stored.Groups.Where(group => group.Id != "/")
            .ToLookup(group => GroupTree.Parent(group.Id), StringComparer.Ordinal);
        var root = stored.Groups.FirstOrDefault(group => group.Id == "/") ?? new StoredGroup("/", stored.Version);
        return Build(root);

        GroupDefinition Build(StoredGroup group) => new()
        {
            Id = new AppId(group.Id),
            Version = Timestamps.Read(group.Version),
            Dependencies = [.. (group.Dependencies ?? []).Select(id => new AppId(id))],
            Groups = [.. byParent[group.Id].Select(Build)],
        };
    }

    /// <summary>The groups of a tree as they are stored.</summary>
    public static StoredGroups Write(GroupDefinition root, DateTimeOffset version)
    {
        var groups = new List<StoredGroup>();
        Add(root);
        return new StoredGroups(Timestamps.Write(version), groups);

        void Add(GroupDefinition group)
        {
            groups.Add(new StoredGroup(
                group.Id.Path,
                Timestamps.Write(group.Version),
                group.Dependencies.Count == 0 ? null : [.. group.Dependencies.Select(id => id.Path)]));
            foreach (var child in group.Groups) Add(child);
        }
    }
}
