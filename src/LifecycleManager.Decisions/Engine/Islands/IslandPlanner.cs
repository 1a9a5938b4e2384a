using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>Resolves names to apps, and joins what has an app in common.</summary>
internal sealed class IslandPlanner(IReadOnlyList<AppRef> apps, List<string> problems)
{
    private readonly Dictionary<string, AppRef> _byId = apps.ToDictionary(app => app.Id, StringComparer.Ordinal);
    private readonly Dictionary<string, string> _parents = new(StringComparer.Ordinal);

    /// <summary>The islands, each with at least one app.</summary>
    public List<IslandPlan> Plan(IReadOnlyList<Coordination> coordinations, IReadOnlyList<Budget> budgets, ICodeRules? code)
    {
        var named = coordinations.Select(coordination => (Coordination: coordination, Names: Resolve(coordination))).ToList();
        var shared = budgets.Select(budget => (Budget: budget, Apps: Select(budget.Apps))).ToList();
        foreach (var (_, names) in named) Join([.. names.Values.SelectMany(ids => ids)]);
        foreach (var (_, ids) in shared) Join(ids);
        var ofCode = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in code?.Rules ?? [])
        {
            string[] ids = [.. apps.Where(app => rule.Names(app.Id)).Select(app => app.Id)];
            Join(ids);
            ofCode.UnionWith(ids);
        }

        var plans = new List<IslandPlan>();
        foreach (var group in _parents.Keys.GroupBy(Root).OrderBy(group => group.Min(StringComparer.Ordinal), StringComparer.Ordinal))
        {
            var ids = group.ToHashSet(StringComparer.Ordinal);
            plans.Add(new IslandPlan(
                [.. ids.Order(StringComparer.Ordinal)],
                [.. named.Where(pair => pair.Names.Values.Any(names => names.Any(ids.Contains)))
                    .Select(pair => (pair.Coordination, (IReadOnlyDictionary<string, string[]>)pair.Names))],
                [.. shared.Where(pair => pair.Apps.Any(ids.Contains))],
                ids.Overlaps(ofCode) ? code : null));
        }

        return plans;
    }

    private Dictionary<string, string[]> Resolve(Coordination coordination)
    {
        var names = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var alias in coordination.Apps.Where(alias => alias.Apps is not null)) names[alias.Name] = Select(alias.Apps!);
        foreach (var alias in coordination.Apps.Where(alias => alias.DependenciesOf is not null))
            names[alias.Name] = Behind(names[alias.DependenciesOf!]);
        // One of which no app is there is not in use; one of which some are is only half there.
        if (names.Values.All(ids => ids.Length == 0)) return names;
        foreach (var alias in coordination.Apps.Where(alias => names[alias.Name].Length == 0))
        {
            problems.Add($"the coordination '{coordination.Name}' has no app '{alias.Name}' at the moment: "
                + (alias.Apps?.Text ?? $"nothing that {alias.DependenciesOf} depends on is there"));
        }

        return names;
    }

    private string[] Select(AppSelector selector)
    {
        if (selector.IsExact) return [.. selector.Ids.Where(_byId.ContainsKey).Distinct().Order(StringComparer.Ordinal)];
        return [.. apps.Where(app => selector.Match(app) > 0).Select(app => app.Id).Order(StringComparer.Ordinal)];
    }

    /// <summary>All that some apps depend on, also by way of others; a group stands for the apps in it.</summary>
    private string[] Behind(string[] of)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Queue<string>(of);
        while (pending.TryDequeue(out var id))
        {
            foreach (var dependency in _byId[id].Dependencies ?? [])
            {
                foreach (var app in apps)
                {
                    if ((app.Id == dependency || app.Id.StartsWith(dependency + "/", StringComparison.Ordinal))
                        && !of.Contains(app.Id) && found.Add(app.Id))
                    {
                        pending.Enqueue(app.Id);
                    }
                }
            }
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    private void Join(string[] ids)
    {
        foreach (var id in ids) _parents.TryAdd(id, id);
        for (var i = 1; i < ids.Length; i++) _parents[Root(ids[i])] = Root(ids[0]);
    }

    private string Root(string id)
    {
        while (_parents[id] != id) id = _parents[id] = _parents[_parents[id]];
        return id;
    }
}
