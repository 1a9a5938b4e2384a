using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>Which apps must be up before which: the dependencies of apps and groups as levels.</summary>
internal static class DependencyOrder
{
    /// <summary>The level of every app: 0 without dependencies, else one above the highest that it depends on.</summary>
    /// <exception cref="ChangeRefusedException">The dependencies have a cycle; the circle is named.</exception>
    public static IReadOnlyDictionary<AppId, int> Levels(GroupDefinition root)
    {
        var needs = new Dictionary<AppId, HashSet<AppId>>();
        var below = new Dictionary<AppId, List<AppId>>();
        Collect(root, []);

        var levels = new Dictionary<AppId, int>();
        foreach (var app in needs.Keys) Level(app, needs, below, levels, []);
        return levels;

        void Collect(GroupDefinition group, IReadOnlyList<AppId> inherited)
        {
            IReadOnlyList<AppId> all = group.Dependencies.Count == 0 ? inherited : [.. inherited, .. group.Dependencies];
            foreach (var app in group.Apps) needs[app.Id] = [.. app.Dependencies, .. all];
            foreach (var child in group.Groups) Collect(child, all);
            below[group.Id] = [.. group.AllApps.Select(app => app.Id)];
        }
    }

    // Dependencies are far shallower than the stack is deep: the definitions' own limits see to that.
    private static int Level(
        AppId app,
        Dictionary<AppId, HashSet<AppId>> needs,
        Dictionary<AppId, List<AppId>> below,
        Dictionary<AppId, int> levels,
        List<AppId> path)
    {
        if (levels.TryGetValue(app, out var known)) return known;
        var at = path.IndexOf(app);
        if (at >= 0)
        {
            var circle = string.Join(" -> ", path.Skip(at).Append(app).Select(id => id.Path));
            throw new ChangeRefusedException([new ChangeProblem("/dependencies", $"the dependencies have a cycle: {circle}")]);
        }

        path.Add(app);
        var level = 0;
        foreach (var need in needs[app])
        {
            // A group that contains the app itself cannot be waited for as a whole: the app waits for the others.
            IEnumerable<AppId> targets = needs.ContainsKey(need) ? [need]
                : below.TryGetValue(need, out var apps) ? apps.Where(other => other != app) : [];
            foreach (var target in targets) level = Math.Max(level, Level(target, needs, below, levels, path) + 1);
        }

        path.RemoveAt(path.Count - 1);
        return levels[app] = level;
    }
}
