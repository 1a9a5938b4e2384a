using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Components;

/// <summary>Where groups are, and what ties them together.</summary>
internal static class GroupTies
{
    /// <summary>The factor that a group may be scaled by at most, as the scheduler has it.</summary>
    public const double MaxFactor = 1_000;

    /// <summary>The groups that something is in, the nearest first; without the root.</summary>
    public static IEnumerable<string> Above(string id)
    {
        for (var end = id.LastIndexOf('/'); end > 0; end = id.LastIndexOf('/', end - 1)) yield return id[..end];
    }

    /// <summary>Whether something is in a group, at any depth.</summary>
    public static bool IsWithin(string? id, string group) =>
        id is not null && (group == "/" ? id.Length > 1 : id.StartsWith(group + "/", StringComparison.Ordinal));

    /// <summary>A group of a tree; null where there is none of that id.</summary>
    public static Group? Find(Group root, string id) => id == "/" ? root
        : All(root).FirstOrDefault(group => group.Id == id);

    /// <summary>All groups below one.</summary>
    public static IEnumerable<Group> All(Group root) => (root.Groups ?? []).SelectMany(group => All(group).Prepend(group));

    /// <summary>What must run before something in a group does, outside of it.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="apps">All apps.</param>
    /// <param name="id">The group.</param>
    public static IReadOnlyList<string> Needed(Group root, IEnumerable<App> apps, string id) =>
    [
        .. Ties(root, apps).Where(tie => IsOf(tie.Who, id) && !IsOf(tie.Needs, id)).Select(tie => tie.Needs)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>What outside of a group waits for it, or for something in it.</summary>
    /// <inheritdoc cref="Needed"/>
    public static IReadOnlyList<string> Needing(Group root, IEnumerable<App> apps, string id) =>
    [
        .. Ties(root, apps).Where(tie => !IsOf(tie.Who, id) && IsOf(tie.Needs, id)).Select(tie => tie.Who)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>What a factor makes of a count.</summary>
    public static double Scaled(int count, double factor) => Math.Ceiling(count * factor);

    private static bool IsOf(string id, string group) => id == group || IsWithin(id, group);

    private static IEnumerable<(string Who, string Needs)> Ties(Group root, IEnumerable<App> apps) =>
        All(root).SelectMany(group => (group.Dependencies ?? []).Select(needs => (group.Id!, needs)))
            .Concat(apps.SelectMany(app => (app.Dependencies ?? []).Select(needs => (app.Id!, needs))));
}
