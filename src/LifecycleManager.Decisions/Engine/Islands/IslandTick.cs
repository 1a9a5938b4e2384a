using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// Brings islands into a tick: whoever is tied to an app that is decided is decided with it. Of one owner.
/// </summary>
internal sealed class IslandTick
{
    private readonly IslandIndex _index = new();
    private readonly HashSet<Island> _touched = [];
    private readonly List<(AppRef App, AppFacts Facts)> _widened = [];
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    /// <summary>Whether nothing ties apps together.</summary>
    public bool IsEmpty => _index.IsEmpty;

    /// <summary>What is wrong with coordinations and budgets as things are.</summary>
    public IReadOnlyList<string> Problems => _index.Problems;

    /// <summary>What is used of the budgets.</summary>
    public IReadOnlyList<BudgetUse> Uses => _index.Uses();

    /// <summary>Puts coordinations and budgets in force.</summary>
    public void Use(PolicySet policies) => _index.Use(policies);

    /// <summary>Puts rules that are code in force; null for none.</summary>
    public void UseCode(ICodeRules? rules) => _index.UseCode(rules);

    /// <summary>The apps there are.</summary>
    public void Know(IReadOnlyCollection<AppRef> apps) => _index.Know(apps);

    /// <summary>What rules over several apps see of an app; null where nothing ties it to others.</summary>
    public IslandApp? Find(string app) => _index.App(app);

    /// <summary>Some apps, and those that are tied to them.</summary>
    public IReadOnlySet<string> TiedTo(IEnumerable<string> apps)
    {
        var all = apps.ToHashSet(StringComparer.Ordinal);
        foreach (var island in all.Select(_index.Find).OfType<Island>().Distinct().ToList())
            all.UnionWith(island.Apps.Select(app => app.Id));
        return all;
    }

    /// <summary>The apps that are given, and those that are tied to them as they were last seen.</summary>
    public IEnumerable<(AppRef App, AppFacts Facts)> Widen(IEnumerable<(AppRef App, AppFacts Facts)> given)
    {
        _touched.Clear();
        if (_index.IsEmpty) return given;
        _widened.Clear();
        _given.Clear();
        foreach (var pair in given)
        {
            _widened.Add(pair);
            _given.Add(pair.App.Id);
            if (_index.Find(pair.App.Id) is { } island) _touched.Add(island);
        }

        if (_widened.Count == 0) return _widened;
        var now = _widened[0].Facts;
        foreach (var app in _touched.SelectMany(island => island.Apps).Where(app => app.IsSeen && !_given.Contains(app.Id)))
            _widened.Add((app.App, app.Facts with { Now = now.Now, Steady = now.Steady }));
        return _widened;
    }

    /// <summary>Evaluates the islands of a tick, after the apps' own rules have spoken.</summary>
    public void Run(IReadOnlyList<TickedApp> ticked)
    {
        if (_index.IsEmpty) return;
        foreach (var app in ticked) _index.Waiting.Set(app.App, app.Facts.Waiting);
        foreach (var app in ticked)
        {
            if (_index.App(app.App.Id) is { } seen)
                seen.Observe(app.Facts, app.State, app.Failure is not null, _index.Waiting.Above(seen.App.Priority));
        }

        foreach (var island in _touched) island.Evaluate();
    }

    /// <summary>Why the island of an app could not be decided; null where it could be, or where there is none.</summary>
    public Exception? FailureOf(string app) => _index.Find(app)?.Failure;
}

/// <summary>An app at a tick.</summary>
/// <param name="App">The app.</param>
/// <param name="Facts">Its counts.</param>
/// <param name="State">What its policy remembers of it; null where it has none.</param>
/// <param name="Fault">What failed when it was read; null where nothing did.</param>
internal readonly record struct TickedApp(AppRef App, AppFacts Facts, AppMemory? State, Exception? Fault)
{
    /// <summary>Why its own rules cannot be heard; null where they can.</summary>
    public Exception? Failure => Fault ?? State?.Session.Failure;
}
