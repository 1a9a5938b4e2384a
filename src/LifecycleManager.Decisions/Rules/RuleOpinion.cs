namespace LifecycleManager.Decisions.Rules;

/// <summary>What kind of answer a rule gave.</summary>
public enum RuleVerdict
{
    /// <summary>The rule does not apply now.</summary>
    None,

    /// <summary>The condition holds, but not for long enough yet.</summary>
    Waiting,

    /// <summary>The rule cannot be decided for want of a metric.</summary>
    Unknown,

    /// <summary>The rule asks for a count.</summary>
    Count,

    /// <summary>The rule asks for a count or more, and never for less than there is.</summary>
    AtLeast,

    /// <summary>The rule narrows the bounds.</summary>
    Bounds,
}

/// <summary>One rule's answer at one tick. Text is made of it only when someone asks: <see cref="Rule.Describe"/>.</summary>
/// <param name="Verdict">The kind.</param>
/// <param name="Count">The count asked for, before any bound.</param>
/// <param name="Min">A lower bound, with <see cref="RuleVerdict.Unknown"/> one that may be; -1 for none.</param>
/// <param name="Max">An upper bound; -1 for none.</param>
/// <param name="A">A number for the description.</param>
/// <param name="B">A number for the description.</param>
public readonly record struct RuleOpinion(RuleVerdict Verdict, int Count = 0, int Min = -1, int Max = -1, double A = 0,
    double B = 0)
{
    /// <summary>Whether it would be growth, for the sake of what is no reason to grow: it keeps the count.</summary>
    public bool Stays { get; init; }

    /// <summary>No opinion.</summary>
    public static RuleOpinion None => default;

    /// <summary>Not decidable.</summary>
    public static RuleOpinion Unknown => new(RuleVerdict.Unknown);

    /// <summary>The same without growth: what is idle or starts keeps a count as its load would, and never raises it.</summary>
    internal RuleOpinion WithoutGrowth(int instances) => Verdict switch
    {
        RuleVerdict.Count or RuleVerdict.AtLeast when Count > instances => this with { Count = instances, Stays = true },
        RuleVerdict.Bounds when Min > instances => this with { Min = instances, Stays = true },
        _ => this,
    };

    /// <summary>
    /// The opinion of a rule that wants at least one count and at most another: where that settles the direction, the one that
    /// changes least, since every other would change the count the same way.
    /// </summary>
    /// <param name="least">The least count that it may want.</param>
    /// <param name="leastGrowing">The same of what may grow: see <see cref="App.Growing"/>.</param>
    /// <param name="most">The greatest count that it may want.</param>
    /// <param name="instances">The count there is.</param>
    internal static RuleOpinion Between(int least, int leastGrowing, int most, int instances) =>
        least == most && (least <= instances || leastGrowing >= least) ? new(RuleVerdict.Count, least)
        : least == most
        ? new RuleOpinion(RuleVerdict.Count, Math.Max(instances, leastGrowing)) { Stays = leastGrowing <= instances }
        : leastGrowing > instances ? new(RuleVerdict.Count, leastGrowing)
        : most < instances ? new(RuleVerdict.Count, most)
        : Unknown;
}
