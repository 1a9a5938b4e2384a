using LifecycleManager.Decisions.Coordinations;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>A rule over several apps has demanded something of one of them.</summary>
internal sealed record Firing
{
    /// <summary>The longest chain that is told; rules that lift each other step by step would make it endless.</summary>
    public const int MaxDepth = 32;

    /// <summary>The coordination, or the class of a rule in C#.</summary>
    public required string Coordination { get; init; }

    /// <summary>The rule's name.</summary>
    public required string Rule { get; init; }

    /// <summary>The app of which it is demanded.</summary>
    public required string App { get; init; }

    /// <summary>What is demanded.</summary>
    public required Demand Kind { get; init; }

    /// <summary>The count of <see cref="Demand.AtLeast"/> and <see cref="Demand.AtMost"/>.</summary>
    public int Count { get; init; }

    /// <summary>Whether only an unknown value stands behind it: it keeps the app from shrinking, and does nothing else.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>The condition with the values that it saw.</summary>
    public required string Why { get; init; }

    /// <summary>What had raised the counts that the condition saw: the links of the chain.</summary>
    public IReadOnlyList<Firing> Causes { get; init; } = [];

    /// <summary>How many links the chain behind it has.</summary>
    public int Depth { get; init; }

    /// <summary>Of whom the condition read what is wanted, and by which rule of their own, for the chain's end.</summary>
    public IReadOnlyList<IslandApp> Read { get; init; } = [];

    /// <summary>A firing, with what had raised the counts that it saw.</summary>
    /// <param name="coordination">The coordination.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="app">The app of which it is demanded.</param>
    /// <param name="kind">What is demanded.</param>
    /// <param name="count">The count.</param>
    /// <param name="isUnknown">Whether only an unknown value stands behind it.</param>
    /// <param name="why">The condition with the values that it saw.</param>
    /// <param name="read">The apps of which it read what is wanted.</param>
    public static Firing Of(
        string coordination, string rule, IslandApp app, Demand kind, int count, bool isUnknown, string why,
        IReadOnlyList<IslandApp> read)
    {
        var causes = read.Select(other => other.Standing.RaisedBy).OfType<Firing>().Where(cause => cause.Depth < MaxDepth)
            .Distinct().ToList();
        return new Firing
        {
            Coordination = coordination,
            Rule = rule,
            App = app.Id,
            Kind = kind,
            Count = count,
            IsUnknown = isUnknown,
            Why = isUnknown ? $"{why} is unknown" : why,
            Causes = causes,
            Depth = causes.Count == 0 ? 0 : causes.Max(cause => cause.Depth) + 1,
            Read = read,
        };
    }

    /// <summary><c>at least 4</c>.</summary>
    public string Effect => Kind switch
    {
        _ when IsUnknown => "no scale-in while that is unknown",
        Demand.AtLeast => $"at least {Count}",
        Demand.AtMost => $"at most {Count}",
        Demand.HoldScaleIn => "no scale-in",
        _ => "no scale-out",
    };

    /// <summary>For people: <c>shop, the api follows: web.wanted 8 > 2 * api.wanted 3, at least 4</c>.</summary>
    public override string ToString() => $"{Coordination}, {Rule}: {Why}, {Effect}";
}
