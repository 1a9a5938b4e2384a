using LifecycleManager.Decisions.Engine;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Recording;

/// <summary>A decision on record, with what became of it.</summary>
internal sealed record DecisionRecord
{
    /// <summary>The id; ids grow with time.</summary>
    public required string Id { get; init; }

    /// <summary>When it was decided.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The absolute app id.</summary>
    public required string App { get; init; }

    /// <summary>The policy.</summary>
    public required string Policy { get; init; }

    /// <summary>The rule whose recommendation was taken; null where no rule had an opinion.</summary>
    public string? Rule { get; init; }

    /// <summary>The count before.</summary>
    public required int From { get; init; }

    /// <summary>The count wanted.</summary>
    public required int To { get; init; }

    /// <summary>The direction.</summary>
    public required DecisionKind Kind { get; init; }

    /// <summary>The reason, in one sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether the policy only watches.</summary>
    public bool DryRun { get; init; }

    /// <summary>What every rule with an opinion asked for.</summary>
    public IReadOnlyList<Recommendation> Recommendations { get; init; } = [];

    /// <summary>What every rule said, also those that asked for nothing, with the values they saw.</summary>
    public IReadOnlyList<RuleReport> Opinions { get => field ?? []; init; }

    /// <summary>What changed the count after the rules.</summary>
    public IReadOnlyList<Adjustment> Adjustments { get; init; } = [];

    /// <summary>The rules over several apps that fired for the count, each after those that called it forth.</summary>
    public IReadOnlyList<ChainLink> Chain { get => field ?? []; init; }

    /// <summary>The metrics it saw; null where one was missing.</summary>
    public IReadOnlyDictionary<string, double?> Metrics { get; init; } = new Dictionary<string, double?>();

    /// <summary>The samples behind the metrics, of the first instances.</summary>
    public IReadOnlyList<MetricEvidence> Evidence { get => field ?? []; init; }

    /// <summary>What became of it.</summary>
    public required DecisionOutcome Outcome { get; init; }

    /// <summary>Why that became of it, where there is more to say.</summary>
    public string? OutcomeReason { get; init; }

    /// <summary>When it was last tried or settled; null before the first try.</summary>
    public DateTimeOffset? OutcomeAt { get; init; }

    /// <summary>From the decision to when it was last tried or settled, in seconds; null before the first try.</summary>
    public double? Seconds => OutcomeAt is { } at ? (at - At).TotalSeconds : null;

    /// <summary>How often it was tried: the same decision, tried again, stays one record.</summary>
    public int Attempts { get; init; }

    /// <summary>The scheduler's deployment, where it was applied.</summary>
    public string? Deployment { get; init; }

    /// <summary>A record of a decision that is yet to be carried out, or has nothing to carry out.</summary>
    public static DecisionRecord Of(string id, Decision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return new DecisionRecord
        {
            Id = id,
            At = decision.At,
            App = decision.App,
            Policy = decision.Policy,
            Rule = decision.Rule,
            From = decision.From,
            To = decision.To,
            Kind = decision.Kind,
            Reason = decision.Reason,
            DryRun = decision.DryRun,
            Recommendations = decision.Recommendations,
            Adjustments = decision.Adjustments,
            Chain = decision.Chain,
            Metrics = decision.Metrics.ToDictionary(m => m.Key, m => m.Value is { } v && double.IsFinite(v) ? m.Value : null),
            Outcome = decision.Kind == DecisionKind.Hold ? DecisionOutcome.Held
                : decision.DryRun ? DecisionOutcome.DryRun
                : DecisionOutcome.Pending,
        };
    }

    /// <summary>The record with the outcome of one more attempt.</summary>
    /// <param name="result">What became of it.</param>
    /// <param name="at">When.</param>
    public DecisionRecord With(ScaleResult result, DateTimeOffset at) => this with
    {
        Outcome = result.Status switch
        {
            ScaleStatus.Applied => DecisionOutcome.Applied,
            ScaleStatus.Locked => DecisionOutcome.Postponed,
            ScaleStatus.Outdated => DecisionOutcome.Outdated,
            _ => DecisionOutcome.Failed,
        },
        OutcomeReason = result.Detail,
        OutcomeAt = at,
        Attempts = Attempts + 1,
        Deployment = result.Deployment,
    };

    /// <summary>
    /// Whether <paramref name="next"/> says what this record says already, so that it needs no record of its own: a hold of the
    /// same kind, a dry run with the same count, or a change that is still to be carried out.
    /// </summary>
    internal bool Covers(Decision next) =>
        App == next.App && Policy == next.Policy && Rule == next.Rule && To == next.To && From == next.From
        && DryRun == next.DryRun
        && Outcome switch
        {
            DecisionOutcome.Held =>
                next.Kind == DecisionKind.Hold && ReasonKind(Adjustments, Metrics) == ReasonKind(next.Adjustments, next.Metrics),
            DecisionOutcome.DryRun or DecisionOutcome.Postponed or DecisionOutcome.Failed => next.Kind == Kind,
            _ => false,
        };

    // The sentence has values that change with each tick; what is behind it does not.
    private static string ReasonKind(IReadOnlyList<Adjustment> adjustments, IReadOnlyDictionary<string, double?> metrics) =>
        string.Join(',', adjustments.Select(a => a.By)) + '|'
        + string.Join(',', metrics.Where(m => m.Value is null or double.NaN).Select(m => m.Key).Order(StringComparer.Ordinal));
}

/// <summary>What became of a decision.</summary>
internal enum DecisionOutcome
{
    /// <summary>On record, about to be carried out.</summary>
    Pending,

    /// <summary>The count is in force.</summary>
    Applied,

    /// <summary>Not now, since something else changes the app, or is more urgent; tried again while it is still wanted.</summary>
    Postponed,

    /// <summary>Refused, or the scheduler did not answer; tried again, less and less often, while it is still wanted.</summary>
    Failed,

    /// <summary>The policy only watches.</summary>
    DryRun,

    /// <summary>The count stays.</summary>
    Held,

    /// <summary>The manager stopped between the call and its answer, and the count is not what was asked for.</summary>
    Interrupted,

    /// <summary>The app was not as it was when it was decided any more: nothing was written, and it is decided again.</summary>
    Outdated,
}
