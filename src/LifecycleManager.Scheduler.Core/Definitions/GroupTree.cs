namespace LifecycleManager.Scheduler.Core.Definitions;

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

    /// <summary>The parent's path; of a child of the root, <c>/</c>.</summary>
    public static string Parent(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }
}
