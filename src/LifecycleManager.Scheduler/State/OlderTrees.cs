using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.State;

/// <summary>The tree as it was, by walking the changes back.</summary>
internal static class OlderTrees
{
    /// <summary>The tree at a version; null when the version is not stored any more.</summary>
    public static async Task<GroupDefinition?> AtAsync(
        TreeHistory history,
        DateTimeOffset version,
        Func<AppId, DateTimeOffset, CancellationToken, Task<AppDefinition?>> read,
        CancellationToken cancellation)
    {
        if (version == history.Root.Version) return history.Root;
        var text = Timestamps.Write(version);
        if (history.Changes.All(change => change.Version != text)) return null;

        var groups = history.Groups;
        var back = new Dictionary<AppId, string?>();
        foreach (var change in history.Changes)
        {
            if (change.Version == text) break;
            foreach (var app in change.Apps) back[new AppId(app.App)] = app.Before;
            if (change.GroupsBefore is not null) groups = change.GroupsBefore;
        }

        var apps = history.Root.AllApps.ToDictionary(app => app.Id, app => (AppDefinition?)app);
        foreach (var (app, before) in back)
        {
            if (before is null) apps.Remove(app);
            else if (await read(app, Timestamps.Read(before), cancellation) is { } definition) apps[app] = definition;
        }

        return GroupTree.With(GroupMapping.Read(groups), apps) with { Version = version };
    }

    /// <summary>The versions of the tree that are stored and in which a group is there, newest first.</summary>
    public static IReadOnlyList<DateTimeOffset> VersionsOf(TreeHistory history, AppId group)
    {
        if (history.Changes.Count == 0) return [history.Root.Version];
        var versions = new List<DateTimeOffset>();
        var groups = history.Groups;
        foreach (var change in history.Changes)
        {
            if (groups.Groups.Any(stored => stored.Id == group.Path)) versions.Add(Timestamps.Read(change.Version));
            if (change.GroupsBefore is not null) groups = change.GroupsBefore;
        }

        return versions;
    }
}
