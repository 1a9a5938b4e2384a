using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>What a tick did to one app's count, with everything needed to explain it afterwards.</summary>
public sealed record Decision
{
    /// <summary>When it was decided.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The absolute app id.</summary>
    public required string App { get; init; }

    /// <summary>The name of the policy.</summary>
    public required string Policy { get; init; }

    /// <summary>The rule whose recommendation was taken; null where no rule had an opinion.</summary>
    public string? Rule { get; init; }

    /// <summary>The instance count before.</summary>
    public required int From { get; init; }

    /// <summary>The instance count wanted; equal to <see cref="From"/> for a hold.</summary>
    public required int To { get; init; }

    /// <summary>The direction.</summary>
    public DecisionKind Kind => To > From ? DecisionKind.ScaleOut : To < From ? DecisionKind.ScaleIn : DecisionKind.Hold;

    /// <summary>One sentence for people: <c>too many transactions: tpm 24 > 10 * instances 2 for 30s, +1</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether the policy only watches (dry run): the count is not applied.</summary>
    public bool DryRun { get; init; }

    /// <summary>What every rule with an opinion asked for.</summary>
    public IReadOnlyList<Recommendation> Recommendations { get; init; } = [];

    /// <summary>
    /// What changed the count after the rules: bounds, limits, stabilization, cooldown, missing metrics, pause.
    /// </summary>
    public IReadOnlyList<Adjustment> Adjustments { get; init; } = [];

    /// <summary>
    /// The rules over several apps that fired for this count, each after those that called it forth; those that lost included.
    /// </summary>
    public IReadOnlyList<ChainLink> Chain { get; init; } = [];

    /// <summary>The metrics the decision saw; null where a metric was missing.</summary>
    public IReadOnlyDictionary<string, double?> Metrics { get; init; } = new Dictionary<string, double?>();
}

/// <summary>The direction of a <see cref="Decision"/>.</summary>
public enum DecisionKind
{
    /// <summary>The count stays.</summary>
    Hold,

    /// <summary>The count grows.</summary>
    ScaleOut,

    /// <summary>The count shrinks.</summary>
    ScaleIn,
}

/// <summary>One rule's opinion.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Count">The instance count it asks for.</param>
/// <param name="Reason">Why, with the values it saw.</param>
public sealed record Recommendation(string Rule, int Count, string Reason);

/// <summary>What a rule said, also where it asked for nothing.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Verdict">The kind of answer.</param>
/// <param name="Count">The count it asks for; null where it asks for none.</param>
/// <param name="Reason">Why, with the values it saw: the condition that does not hold, how much of a season is learnt.</param>
public sealed record RuleReport(string Rule, RuleVerdict Verdict, int? Count, string Reason)
{
    internal static IReadOnlyList<RuleReport> Of(AppMemory state) =>
    [
        .. state.Policy.RuleArray.Select((rule, i) => new RuleReport(
            rule.Name,
            state.Opinions.All[i].Verdict,
            state.Opinions.All[i].Verdict is RuleVerdict.Count or RuleVerdict.AtLeast ? state.Opinions.All[i].Count : null,
            rule.Tell(state.Opinions.All[i], state.App))),
    ];
}

/// <summary>One link of the chain that led to a count.</summary>
/// <param name="App">The app that it concerns.</param>
/// <param name="By">The coordination; or the policy, where the app's own rules are the beginning.</param>
/// <param name="Rule">The rule's name; null where no rule of the policy asked for a change.</param>
/// <param name="Why">The condition, with the values that it saw.</param>
/// <param name="Effect">What it did: <c>at least 4</c>, <c>wants 8</c>.</param>
/// <param name="Outcome">Null where it took part; why it did not, where it lost: <c>dry run</c>, <c>at least 6 wins</c>.</param>
public sealed record ChainLink(string App, string By, string? Rule, string Why, string Effect, string? Outcome)
{
    /// <summary>Whether it is the beginning of the chain: what an app's own policy wants.</summary>
    public bool IsOwn { get; init; }
}

/// <summary>One step that changed the count after the rules spoke.</summary>
/// <param name="By">What changed it: <c>bounds</c>, <c>limit</c>, <c>stabilization</c>, <c>cooldown</c>, <c>missing metrics</c>,
/// <c>pause</c>, <c>coordination</c>, <c>budget</c>, <c>worse</c>.</param>
/// <param name="From">The count before the step.</param>
/// <param name="To">The count after the step.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record Adjustment(string By, int From, int To, string Reason);
