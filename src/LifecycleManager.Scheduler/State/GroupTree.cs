using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.State;

/// <summary>Rebuilding the immutable tree of groups.</summary>
internal static class GroupTree
{
    /// <summary>Puts apps into their groups (made where missing) or, with null, takes them out.</summary>
    public static GroupDefinition With(GroupDefinition root, IReadOnlyDictionary<AppId, AppDefinition?> apps)
    {
        if (apps.Count == 0) return root;
        var byParent = apps.GroupBy(app => Parent(app.Key.Path)).ToDictionary(group => group.Key, StringComparer.Ordinal);

        // Every group on the way to a changed one is rebuilt; the rest is shared.
        var children = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var parent in byParent.Keys)
        {
            for (var path = parent; path != "/"; path = Parent(path))
            {
                var above = Parent(path);
                if (!children.TryGetValue(above, out var below))
                    children[above] = below = new SortedSet<string>(StringComparer.Ordinal);
                if (!below.Add(path)) break;
            }
        }

        return Rebuild(root);

        GroupDefinition Rebuild(GroupDefinition group)
        {
            var result = group;
            if (byParent.TryGetValue(group.Id.Path, out var changed))
            {
                var set = group.Apps.ToDictionary(app => app.Id);
                foreach (var (id, app) in changed)
                {
                    if (app is null) set.Remove(id);
                    else set[id] = app;
                }

                result = result with { Apps = [.. set.Values.OrderBy(app => app.Id.Path, StringComparer.Ordinal)] };
            }

            if (children.TryGetValue(group.Id.Path, out var below))
            {
                var groups = group.Groups.ToDictionary(child => child.Id.Path, StringComparer.Ordinal);
                foreach (var path in below)
                    groups[path] = Rebuild(groups.GetValueOrDefault(path)
                        ?? new GroupDefinition { Id = new AppId(path), Version = group.Version });
                result = result with { Groups = [.. groups.Values.OrderBy(child => child.Id.Path, StringComparer.Ordinal)] };
            }

            return result;
        }
    }

    /// <summary>The tree of stored groups, without apps.</summary>
    public static GroupDefinition From(StoredGroups stored)
    {
        var byParent = stored.Groups.Where(group => group.Id != "/").ToLookup(group => Parent(group.Id), StringComparer.Ordinal);
        var root = stored.Groups.FirstOrDefault(group => group.Id == "/") ?? new StoredGroup("/", stored.Version);
        return Build(root);

        GroupDefinition Build(StoredGroup group) => new()
        {
            Id = new AppId(group.Id),
            Version = Instants.Read(group.Version),
            Dependencies = [.. (group.Dependencies ?? []).Select(id => new AppId(id))],
            Groups = [.. byParent[group.Id].Select(Build)],
        };
    }

    /// <summary>The groups of a tree as they are stored.</summary>
    public static StoredGroups Store(GroupDefinition root, DateTimeOffset version)
    {
        var groups = new List<StoredGroup>();
        Add(root);
        return new StoredGroups(Instants.Write(version), groups);

        void Add(GroupDefinition group)
        {
            groups.Add(new StoredGroup(
                group.Id.Path,
                Instants.Write(group.Version),
                group.Dependencies.Count == 0 ? null : [.. group.Dependencies.Select(id => id.Path)]));
            foreach (var child in group.Groups) Add(child);
        }
    }

    /// <summary>The parent's path; of a child of the root, <c>/</c>.</summary>
    public static string Parent(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }
}
