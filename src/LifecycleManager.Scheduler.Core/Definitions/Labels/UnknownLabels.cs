using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>
/// Labels that begin as ours do and that nobody heeds. Marathon takes any label, so that they are taken too, and told.
/// </summary>
internal static class UnknownLabels
{
    private const int Most = 100;

    /// <summary>Those that a change brings in, with what may have been meant.</summary>
    /// <param name="root">The tree as it shall be.</param>
    /// <param name="before">The tree as it is: what was told once is not told again.</param>
    public static IReadOnlyList<string> Of(GroupDefinition root, GroupDefinition before)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(before);
        List<string>? found = null;
        foreach (var app in root.AllApps)
        {
            if (app.Labels.Count == 0 && !app.IsPod) continue;
            var known = before.FindApp(app.Id);
            if (ReferenceEquals(known, app)) continue;
            var told = known is null ? [] : Stated(known).Select(label => (label.Container, label.Name)).ToHashSet();
            foreach (var label in Stated(app))
            {
                if (told.Contains((label.Container, label.Name)) || Problem(label) is not { } problem) continue;
                (found ??= []).Add($"{app.Id}: {problem}");
                if (found.Count >= Most) return found;
            }
        }

        return found ?? [];
    }

    // All labels that begin as ours do: the app's or pod's, and those of a pod's containers.
    private static IEnumerable<(string? Container, LabelPlace Place, string Name)> Stated(AppDefinition app) =>
        app.Labels.Keys.Select(name => ((string?)null, app.IsPod ? LabelPlace.Pod : LabelPlace.App, name))
            .Concat((app.Wire.Pod?.Containers ?? []).SelectMany(container => (container.Labels?.Keys ?? [])
                .Select(name => (container.Name, LabelPlace.Container, name))))
            .Where(label => label.Item3.StartsWith(AppLabel.Prefix, StringComparison.Ordinal));

    private static string? Problem((string? Container, LabelPlace Place, string Name) label)
    {
        var of = label.Container is null ? "" : $" of the container '{label.Container}'";
        if (AppLabel.Find(label.Name) is not { } known) return Problem(label.Name, of);
        if (known.Place >= label.Place) return null;
        return $"nobody heeds the label '{label.Name}'{(of.Length > 0 ? of : " of a pod")}: "
            + (known.Place == LabelPlace.Pod ? "it is the pod's" : "it is of apps");
    }

    /// <summary>What is said of one, with what may have been meant.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="of">Of what it is, where it is not the app's.</param>
    internal static string Problem(string name, string of = "") =>
        $"nobody heeds the label '{name}'{of}{NearestName.Hint(name, AppLabel.All.Select(label => label.Name))}";
}
