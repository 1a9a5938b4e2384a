using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.Placement;

/// <summary>A wish of an app to be near the instances of others, or away from them.</summary>
/// <param name="Others">The id of the other app, or <c>/group/*</c> for all apps below a group; never the app itself.</param>
/// <param name="Field">What nearness is: the same <c>@hostname</c>, <c>@zone</c>, <c>@region</c> or value of an
/// attribute.</param>
/// <param name="IsNear">Near them (affinity), not away (anti-affinity).</param>
/// <param name="IsRequired">An agent that does not do is refused; else others are only preferred to it.</param>
public sealed record AffinityTerm(string Others, string Field, bool IsNear, bool IsRequired)
{
    private const string Everything = "/*";

    /// <summary>Whether an app is one of the others.</summary>
    public bool Means(string app) => Others.EndsWith(Everything, StringComparison.Ordinal)
        ? app.StartsWith(Others[..^1], StringComparison.Ordinal)
        : app == Others;

    /// <summary>
    /// Reads a label: terms by commas, each an app or a group with <c>/*</c>, and where the same agent is not meant, <c>in
    /// FIELD</c>: <c>/db, /cache/* in @zone</c>.
    /// </summary>
    /// <param name="text">The label's value.</param>
    /// <param name="near">For affinity.</param>
    /// <param name="required">For what must be kept.</param>
    /// <param name="problem">Why it cannot be read, or null.</param>
    public static IReadOnlyList<AffinityTerm> Read(string text, bool near, bool required, out string? problem)
    {
        problem = null;
        var terms = new List<AffinityTerm>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var words = part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var id = words.Length > 0 ? words[0] : "";
            var bare = id.EndsWith(Everything, StringComparison.Ordinal) ? id[..^2] : id;
            if (words is not ([_] or [_, "in", _]))
                problem = $"'{part}' must be an app such as /db or /group/*, or with what they share: /db in @zone";
            else if (!id.StartsWith('/') || (bare.Length > 0 && AppIdSyntax.WhyInvalid(new AppId(bare)) is not null) || id == "/")
                problem = $"'{id}' must be the absolute id of an app, or of a group with /*";
            else terms.Add(new AffinityTerm(id, words.Length == 3 ? words[2] : "@hostname", near, required));
        }

        return terms;
    }
}

/// <summary>An app as its neighbours see it.</summary>
/// <param name="App">Its id.</param>
/// <param name="Terms">Its own wishes.</param>
/// <param name="Instances">Where it is.</param>
internal sealed record Neighbour(string App, IReadOnlyList<AffinityTerm> Terms, IReadOnlyList<PlacedInstance> Instances);

/// <summary>
/// What an app's instances owe to others over a round: its own terms, and the required anti-affinity of others to it, which holds
/// in both directions. The app's own instances never count.
/// </summary>
internal sealed class NearRule
{
    private readonly string _app;
    private readonly string? _keeper;
    private readonly AffinityTerm _term;
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);

    private NearRule(string app, AffinityTerm term, string? keeper) => (_app, _term, _keeper) = (app, term, keeper);

    /// <summary>An agent that does not do is refused.</summary>
    public bool IsRequired => _term.IsRequired;

    /// <summary>The rules for an app among all others.</summary>
    public static IReadOnlyList<NearRule> For(string app, IReadOnlyList<AffinityTerm> terms, IReadOnlyList<Neighbour> neighbours)
    {
        var rules = terms.Select(term => new NearRule(app, term, null)).ToList();
        foreach (var neighbour in neighbours)
        {
            if (neighbour.App == app) continue;
            rules.AddRange(neighbour.Terms.Where(term => term is { IsNear: false, IsRequired: true } && term.Means(app))
                .Select(term => new NearRule(app, term, neighbour.App)));
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
