namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>A group of apps and groups; an immutable tree whose root is <c>/</c>.</summary>
internal sealed record GroupDefinition
{
    /// <summary>The tree without anything in it.</summary>
    public static readonly GroupDefinition Empty = new() { Id = AppId.Root };

    /// <summary>The id.</summary>
    public required AppId Id { get; init; }

    /// <summary>The version.</summary>
    public DateTimeOffset Version { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Its own apps.</summary>
    public IReadOnlyList<AppDefinition> Apps { get; init; } = [];

    /// <summary>Its own groups.</summary>
    public IReadOnlyList<GroupDefinition> Groups { get; init; } = [];

    /// <summary>Apps and groups that must run before any of its apps.</summary>
    public IReadOnlyList<AppId> Dependencies { get; init; } = [];

    /// <summary>Every app below, in no particular order.</summary>
    public IEnumerable<AppDefinition> AllApps => Groups.Count == 0 ? Apps : AllGroups.SelectMany(group => group.Apps);

    /// <summary>It and every group below, parents before children.</summary>
    public IEnumerable<GroupDefinition> AllGroups
    {
        get
        {
            var left = new Stack<GroupDefinition>([this]);
            while (left.TryPop(out var group))
            {
                yield return group;
                for (var index = group.Groups.Count - 1; index >= 0; index--) left.Push(group.Groups[index]);
            }
        }
    }

    /// <summary>The group of that id, it or one below; null when there is none.</summary>
    public GroupDefinition? FindGroup(AppId id)
    {
        var group = this;
        while (group is not null && group.Id != id)
        {
            if (!id.IsWithin(group.Id)) return null;
            group = group.Groups.FirstOrDefault(child => id.IsWithin(child.Id));
        }

        return group;
    }

    /// <summary>The app of that id, here or below; null when there is none.</summary>
    public AppDefinition? FindApp(AppId id) => FindGroup(id.Parent)?.Apps.FirstOrDefault(app => app.Id == id);

    /// <summary>The tree with an app put in or replaced; groups on its way are made.</summary>
    public GroupDefinition PutApp(AppDefinition app) => Change(app.Id.Parent, group =>
    {
        var at = IndexOf(group.Apps, other => other.Id == app.Id);
        return group with { Apps = at < 0 ? [.. group.Apps, app] : [.. group.Apps.Take(at), app, .. group.Apps.Skip(at + 1)] };
    });

    /// <summary>The tree without an app; groups stay, also empty ones.</summary>
    public GroupDefinition RemoveApp(AppId id) => FindApp(id) is null ? this
        : Change(id.Parent, group => group with { Apps = [.. group.Apps.Where(app => app.Id != id)] });

    /// <summary>The tree with a group put in or replaced whole; groups on its way are made.</summary>
    public GroupDefinition PutGroup(GroupDefinition group)
    {
        if (group.Id == Id) return group;
        return Change(group.Id.Parent, parent =>
        {
            var at = IndexOf(parent.Groups, other => other.Id == group.Id);
            return parent with
            {
                Groups = at < 0 ? [.. parent.Groups, group] : [.. parent.Groups.Take(at), group, .. parent.Groups.Skip(at + 1)],
            };
        });
    }

    /// <summary>The tree without a group and all below it; without the root's content for the root.</summary>
    public GroupDefinition RemoveGroup(AppId id)
    {
        if (id == Id) return this with { Apps = [], Groups = [], Dependencies = [] };
        return FindGroup(id) is null ? this
            : Change(id.Parent, parent => parent with { Groups = [.. parent.Groups.Where(group => group.Id != id)] });
    }

    /// <summary>The tree with every app changed by a function that gives the same object where nothing changes.</summary>
    public GroupDefinition SelectApps(Func<AppDefinition, AppDefinition> change)
    {
        var apps = Select(Apps, change);
        var groups = Select(Groups, group => group.SelectApps(change));
        return ReferenceEquals(apps, Apps) && ReferenceEquals(groups, Groups) ? this : this with { Apps = apps, Groups = groups };
    }

    private GroupDefinition Change(AppId id, Func<GroupDefinition, GroupDefinition> change)
    {
        if (id == Id) return change(this);
        var at = IndexOf(Groups, group => id.IsWithin(group.Id));
        if (at >= 0) return this with { Groups = [.. Groups.Take(at), Groups[at].Change(id, change), .. Groups.Skip(at + 1)] };
        var depth = Id.Segments.Count;
        var child = new GroupDefinition { Id = Id.Child(id.Segments[depth]), Version = Version };
        return this with { Groups = [.. Groups, child.Change(id, change)] };
    }

    private static int IndexOf<T>(IReadOnlyList<T> items, Func<T, bool> wanted)
    {
        for (var index = 0; index < items.Count; index++)
            if (wanted(items[index])) return index;
        return -1;
    }

    private static IReadOnlyList<T> Select<T>(IReadOnlyList<T> items, Func<T, T> change)
        where T : class
    {
        T[]? changed = null;
        for (var index = 0; index < items.Count; index++)
        {
            var item = change(items[index]);
            if (changed is null && ReferenceEquals(item, items[index])) continue;
            changed ??= [.. items];
            changed[index] = item;
        }

        return changed ?? items;
    }
}
