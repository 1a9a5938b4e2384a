using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Manager.Recording;

/// <summary>Which decisions to read, newest first.</summary>
internal sealed record DecisionFilter
{
    /// <summary>The most that one page holds.</summary>
    public const int MaxPageSize = 1_000;

    /// <summary>Of this app.</summary>
    public string? App { get; init; }

    /// <summary>Of the apps for which it is true; null for all.</summary>
    public Func<string, bool>? Sees { get; init; }

    /// <summary>Of this policy.</summary>
    public string? Policy { get; init; }

    /// <summary>Of this rule.</summary>
    public string? Rule { get; init; }

    /// <summary>Of this direction.</summary>
    public DecisionKind? Kind { get; init; }

    /// <summary>With this outcome.</summary>
    public DecisionOutcome? Outcome { get; init; }

    /// <summary>Not before.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Older than the decision with this id: the next page.</summary>
    public string? Before { get; init; }

    /// <summary>At most so many; 1 to <see cref="MaxPageSize"/>.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Whether a record is wanted, its place in the page apart.</summary>
    public bool Matches(DecisionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return (App is null || record.App == App) && Sees?.Invoke(record.App) != false
            && (Policy is null || record.Policy == Policy)
            && (Rule is null || record.Rule == Rule) && (Kind is null || record.Kind == Kind)
            && (Outcome is null || record.Outcome == Outcome)
            && (Since is null || record.At >= Since) && (Until is null || record.At < Until)
            && (Before is null || string.CompareOrdinal(record.Id, Before) < 0);
    }
}

/// <summary>One page, newest first.</summary>
/// <param name="Decisions">The decisions.</param>
/// <param name="Next">What to give as <c>before</c> for the next page; null on the last.</param>
internal sealed record DecisionPage(IReadOnlyList<DecisionRecord> Decisions, string? Next)
{
    /// <summary>
    /// Where they are from: <c>table</c>, as far back as it is kept; <c>state</c>, the bounded number that the state keeps.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>Why the table could not be read, so that older decisions may lack; null where it was, or there is none.</summary>
    public string? Problem { get; init; }
}
