using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// Finds the islands: the connected sets of apps that coordinations and budgets tie together. Of one owner.
/// </summary>
internal sealed class IslandIndex
{
    /// <summary>The most of what is refused that is told.</summary>
    private const int MaxRefused = 10;

    private readonly Dictionary<string, IslandApp> _apps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Island> _islandOf = new(StringComparer.Ordinal);
    private readonly WaitingByPriority _waiting = new();
    private IReadOnlyList<Coordination> _coordinations = [];
    private IReadOnlyList<Budget> _budgets = [];
    private ICodeRules? _code;
    private List<AppRef> _known = [];
    private IReadOnlyList<string> _problems = [];
    private bool _isStale;

    /// <summary>Whether nothing ties apps together.</summary>
    public bool IsEmpty => _coordinations.Count == 0 && _budgets.Count == 0 && _code is null;

    /// <summary>What is wrong with coordinations as things are: a name without an app, for one.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. _problems,
        .. _islandOf.Values.Distinct().SelectMany(island => island.Refused.Concat(island.Misnamed)).Distinct().Take(MaxRefused),
    ];

    /// <summary>What is used of the budgets, in their order; one without any app is not used at all.</summary>
    public IReadOnlyList<BudgetUse> Uses()
    {
        if (_budgets.Count == 0) return [];
        var uses = _islandOf.Values.Distinct().SelectMany(island => island.Uses)
            .ToDictionary(use => use.Budget.Name, StringComparer.Ordinal);
        return [.. _budgets.Select(budget => uses.GetValueOrDefault(budget.Name) ?? Unseen(budget))];

        BudgetUse Unseen(Budget budget) => _known.Exists(app => budget.Apps.Match(app) > 0)
            ? new BudgetUse(budget, null, null, null, null) : new BudgetUse(budget, 0, 0, 0, 0);
    }

    /// <summary>Puts coordinations and budgets in force.</summary>
    public void Use(PolicySet policies)
    {
        (_coordinations, _budgets, _isStale) = (policies.Coordinations, policies.Budgets, true);
        if (IsEmpty) Clear();
    }

    /// <summary>Puts rules that are code in force; null for none.</summary>
    public void UseCode(ICodeRules? rules)
    {
        (_code, _isStale) = (rules is { Rules.Count: > 0 } ? rules : null, true);
        if (IsEmpty) Clear();
    }

    /// <summary>The apps there are, with a policy or without.</summary>
    public void Know(IReadOnlyCollection<AppRef> apps)
    {
        if (IsEmpty) return;
        var isSame = apps.Count == _known.Count && apps.Zip(_known).All(pair => IsSame(pair.First, pair.Second));
        if (!isSame) (_known, _isStale) = ([.. apps], true);
        if (_isStale) Build();
    }

    /// <summary>The island of an app; null where it has none.</summary>
    public Island? Find(string app) => _islandOf.GetValueOrDefault(app);

    /// <summary>What the rules over several apps see of an app; null where it is in no island.</summary>
    public IslandApp? App(string app) => _apps.GetValueOrDefault(app);

    /// <summary>What waits for a place.</summary>
    public WaitingByPriority Waiting => _waiting;

    private void Clear()
    {
        _apps.Clear();
        _islandOf.Clear();
        _waiting.Keep([]);
        (_known, _problems) = ([], []);
    }

    private void Build()
    {
        _isStale = false;
        var problems = new List<string>();
        var plans = new IslandPlanner(_known, problems).Plan(_coordinations, _budgets, _code);
        var before = _islandOf.Values.Distinct().ToDictionary(island => island.Apps[0].Id, StringComparer.Ordinal);
        var there = _known.ToDictionary(app => app.Id, StringComparer.Ordinal);
        _islandOf.Clear();
        _waiting.Keep(there.Keys);
        foreach (var gone in _apps.Keys.Except(plans.SelectMany(plan => plan.Apps)).ToList()) _apps.Remove(gone);
        foreach (var plan in plans)
        {
            foreach (var id in plan.Apps)
            {
                if (_apps.TryGetValue(id, out var app)) app.App = there[id];
                else _apps.Add(id, new IslandApp(there[id]));
            }

            try
            {
                var island = before.TryGetValue(plan.Apps[0], out var old) && old.Plan.IsSame(plan) ? old : new Island(plan, _apps, _waiting);
                foreach (var id in plan.Apps) _islandOf[id] = island;
            }
            catch (TooManyScopesException e)
            {
                problems.Add(e.Message);
            }
        }

        _problems = problems;
    }

    private static bool IsSame(in AppRef one, in AppRef other) =>
        one.Id == other.Id && one.Priority == other.Priority && one.Cpus.Equals(other.Cpus) && one.Memory.Equals(other.Memory)
        && (ReferenceEquals(one.Labels, other.Labels) || IsSame(one.Labels, other.Labels))
        && (ReferenceEquals(one.Dependencies, other.Dependencies)
            || (one.Dependencies ?? []).SequenceEqual(other.Dependencies ?? []));

    private static bool IsSame(IReadOnlyDictionary<string, string>? one, IReadOnlyDictionary<string, string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0)
        && (one is null || one.All(label => other!.TryGetValue(label.Key, out var value) && value == label.Value));
}
