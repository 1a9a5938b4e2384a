using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>An app as its neighbours see it.</summary>
/// <param name="App">Its id.</param>
/// <param name="Terms">Its own wishes.</param>
/// <param name="Instances">Where it is.</param>
internal sealed record Neighbour(string App, IReadOnlyList<AffinityTerm> Terms, IReadOnlyList<PlacedInstance> Instances);

/// <summary>
/// What an app's instances owe to others over a round: its own terms, and the required anti-affinity of others to it, which holds
/// in both directions. The app's own instances never count.
/// </summary>
internal sealed class AffinityRule
{
    private readonly string _app;
    private readonly string? _keeper;
    private readonly AffinityTerm _term;
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);

    private AffinityRule(string app, AffinityTerm term, string? keeper) => (_app, _term, _keeper) = (app, term, keeper);

    /// <summary>An agent that does not do is refused.</summary>
    public bool IsRequired => _term.IsRequired;

    /// <summary>The rules for an app among all others.</summary>
    public static IReadOnlyList<AffinityRule> For(string app, IReadOnlyList<AffinityTerm> terms,
        IReadOnlyList<Neighbour> neighbours)
    {
        var rules = terms.Select(term => new AffinityRule(app, term, null)).ToList();
        foreach (var neighbour in neighbours)
        {
            if (neighbour.App == app) continue;
            rules.AddRange(neighbour.Terms.Where(term => term is { IsNear: false, IsRequired: true } && term.Means(app))
                .Select(term => new AffinityRule(app, term, neighbour.App)));
        }

        foreach (var rule in rules)
        {
            foreach (var neighbour in neighbours.Where(neighbour => rule.Counts(neighbour.App)))
                foreach (var placed in neighbour.Instances) rule.Note(placed.Host, placed.Region, placed.Zone, placed.Attributes);
        }

        return rules;
    }

    /// <summary>Takes note of an instance that this round has placed.</summary>
    public void Note(string app, AgentPool agent)
    {
        if (Counts(app)) Note(agent.Host, agent.Region, agent.Zone, agent.Attributes);
    }

    /// <summary>Whether an agent does.</summary>
    public bool Allows(AgentPool agent)
    {
        var value = ConstraintLedger.ValueOf(_term.Field, agent.Host, agent.Region, agent.Zone, agent.Attributes);
        var shared = value is not null && _values.Contains(value);
        return shared == _term.IsNear;
    }

    /// <summary>Why an agent does not do, for people.</summary>
    public string Explain(AgentPool agent)
    {
        var value = ConstraintLedger.ValueOf(_term.Field, agent.Host, agent.Region, agent.Zone, agent.Attributes);
        return _term.IsNear
            ? value is null ? $"affinity to {_term.Others}: the agent has no {_term.Field}"
            : $"affinity to {_term.Others}: none of its instances is at '{value}'"
            : _keeper is null ? $"anti-affinity to {_term.Others}: an instance of it is at '{value}'"
            : $"anti-affinity of {_keeper} to {_term.Others}: an instance of {_keeper} is at '{value}'";
    }

    private bool Counts(string app) => app != _app && (_keeper is null ? _term.Means(app) : app == _keeper);

    private void Note(string host, string? region, string? zone, IReadOnlyDictionary<string, string> attributes)
    {
        if (ConstraintLedger.ValueOf(_term.Field, host, region, zone, attributes) is { } value) _values.Add(value);
    }
}
