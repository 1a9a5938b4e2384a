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
/// <param name="Min">A lower bound; -1 for none.</param>
/// <param name="Max">An upper bound; -1 for none.</param>
/// <param name="A">A number for the description.</param>
/// <param name="B">A number for the description.</param>
public readonly record struct RuleOpinion(RuleVerdict Verdict, int Count = 0, int Min = -1, int Max = -1, double A = 0, double B = 0)
{
    /// <summary>No opinion.</summary>
    public static RuleOpinion None => default;

    /// <summary>Not decidable.</summary>
    public static RuleOpinion Unknown => new(RuleVerdict.Unknown);
}
