using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What an answer is to show beside the definitions.</summary>
[Flags]
internal enum Embeds
{
    None = 0,
    Tasks = 1,
    Counts = 2,
    Deployments = 4,
    LastTaskFailure = 8,
    TaskStats = 16,
    Readiness = 32,
    Groups = 64,
    Apps = 128,
    Pods = 256,
}

/// <summary>The names of <see cref="Embeds"/> in <c>?embed=</c>.</summary>
internal static class EmbedNames
{
    private static readonly Dictionary<string, Embeds> Names = new(StringComparer.Ordinal)
    {
        ["tasks"] = Embeds.Tasks,
        ["counts"] = Embeds.Counts,
        ["deployments"] = Embeds.Deployments,
        ["lastTaskFailure"] = Embeds.LastTaskFailure,
        ["failures"] = Embeds.LastTaskFailure | Embeds.Tasks,
        ["taskStats"] = Embeds.TaskStats,
        ["readiness"] = Embeds.Readiness,
    };

    private static readonly Dictionary<string, Embeds> OfGroups = new(StringComparer.Ordinal)
    {
        ["group.groups"] = Embeds.Groups,
        ["group.apps"] = Embeds.Apps,
        ["group.pods"] = Embeds.Pods,
    };

    /// <summary>The values of <see cref="Apps"/>.</summary>
    public static readonly IReadOnlyCollection<string> OfApps = [.. Names.Keys.Select(name => "apps." + name)];

    /// <summary>The values of <see cref="Groups"/>.</summary>
    public static readonly IReadOnlyCollection<string> OfGroupTrees =
        [.. OfGroups.Keys, .. Names.Keys.Select(name => "group.apps." + name)];

    /// <summary>For apps: <c>apps.tasks</c>, <c>app.tasks</c> or <c>tasks</c>.</summary>
    public static Embeds Apps(IReadOnlyList<string> values) =>
        values.Aggregate(Embeds.None, (all, value) => all | App(value, ["apps.", "app.", ""]));

    /// <summary>
    /// For groups: <c>group.groups</c>, <c>group.apps</c>, <c>group.apps.tasks</c>; without any, groups, apps and pods.
    /// </summary>
    public static Embeds Groups(IReadOnlyList<string> values)
    {
        var embeds = Embeds.None;
        foreach (var value in values)
        {
            if (OfGroups.TryGetValue(value, out var embed)) embeds |= embed;
            else if (value.StartsWith("group.pods.", StringComparison.Ordinal)) continue;
            else embeds |= App(value, ["group.apps."]) | Embeds.Apps;
        }

        return values.Count == 0 ? Embeds.Groups | Embeds.Apps | Embeds.Pods : embeds;
    }

    private static Embeds App(string value, string[] prefixes)
    {
        foreach (var prefix in prefixes)
            if (value.StartsWith(prefix, StringComparison.Ordinal) && Names.TryGetValue(value[prefix.Length..], out var embed))
                return embed;
        var known = prefixes[0] == "group.apps." ? OfGroups.Keys.Concat(Names.Keys.Select(name => prefixes[0] + name))
            : Names.Keys.Select(name => prefixes[0] + name);
        throw ApiException.BadRequest($"embed={value} is unknown{NearestName.Hint(value, known)}");
    }
}
