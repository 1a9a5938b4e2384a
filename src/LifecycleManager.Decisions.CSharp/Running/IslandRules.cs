using System.Collections.Concurrent;
using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>The rules that concern an island: a set of apps that is decided together.</summary>
public sealed class IslandRules
{
    private readonly RuleRunner _runner;
    private readonly ConcurrentDictionary<(CSharpRule Rule, string Target, string Id), bool> _named = [];

    internal IslandRules(IReadOnlyList<CSharpRule> rules, RuleRunner runner) => (Rules, _runner) = (rules, runner);

    /// <summary>The rules, by the names of their classes.</summary>
    public IReadOnlyList<CSharpRule> Rules { get; }

    /// <summary>Begins a decision: its rounds together may take 5 s.</summary>
    /// <param name="now">The instant of the decision, for the <see cref="Clock"/>.</param>
    public IslandTurn Begin(DateTimeOffset now) => new(this, _runner, new Clock(now));

    /// <summary>The apps that a rule names, in the order of target and id.</summary>
    internal IReadOnlyList<App> Named(CSharpRule rule, IEnumerable<App> sorted) => [.. sorted.Where(app => _named.GetOrAdd(
        (rule, app.Target, app.Id), static key => key.Rule.Names(key.Target, key.Id)))];
}

/// <summary>One decision of an island.</summary>
public sealed class IslandTurn
{
    /// <summary>How long the rules may take in all rounds of one decision: 5 s.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly IslandRules _island;
    private readonly RuleRunner _runner;
    private readonly Clock _clock;
    private readonly TurnTime _spent;

    internal IslandTurn(IslandRules island, RuleRunner runner, Clock clock) =>
        (_island, _runner, _clock, _spent) = (island, runner, clock, runner.Begin());

    /// <summary>
    /// Runs one round: all rules see the facts as they are, and what they put out is gathered. It returns at the limit at the
    /// latest, and does not throw for what a rule does.
    /// </summary>
    /// <param name="apps">The apps of the island, in any order.</param>
    /// <param name="cluster">The cluster.</param>
    public RoundOutcome Run(IReadOnlyCollection<App> apps, Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(apps);
        ArgumentNullException.ThrowIfNull(cluster);
        if (_island.Rules.Count == 0) return new RoundOutcome([], [], [], []);
        var sorted = apps.OrderBy(app => app.Target, StringComparer.Ordinal).ThenBy(app => app.Id, StringComparer.Ordinal)
            .ToList();
        return _runner.Run(
            [.. _island.Rules.Select(rule => (rule, _island.Named(rule, sorted)))], cluster, _clock, _spent);
    }
}
