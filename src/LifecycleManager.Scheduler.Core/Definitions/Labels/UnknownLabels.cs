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
            if (app.Labels.Count == 0) continue;
            var known = before.FindApp(app.Id);
            if (ReferenceEquals(known, app)) continue;
            foreach (var name in app.Labels.Keys)
            {
                if (known?.Labels.ContainsKey(name) == true || AppLabel.IsKnown(name)) continue;
                (found ??= []).Add($"{app.Id}: {Problem(name)}");
                if (found.Count >= Most) return found;
            }
        }

        return found ?? [];
    }

    /// <summary>What is said of one, with what may have been meant.</summary>
    /// <param name="name">Its name.</param>
    internal static string Problem(string name) =>
        $"nobody heeds the label '{name}'{NearestName.Hint(name, AppLabel.All.Select(label => label.Name))}";
}
