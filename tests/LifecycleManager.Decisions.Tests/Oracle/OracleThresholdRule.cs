using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// Acts once a condition has held for a time: <c>when</c>, <c>for</c>, <c>then</c>. As with Prometheus' alerts the time starts
/// anew when the condition stops or becomes unknown; and it starts anew when the count changes, so that each step has its own
/// wait.
/// </summary>
internal sealed class OracleThresholdRule : OracleRule
{
    public required Expression When { get; init; }

    public TimeSpan For { get; init; }

    public required OracleRuleAction Then { get; init; }

    internal override IReadOnlyList<int> Reads => Then.Count is null ? When.Reads : [.. When.Reads.Union(Then.Count.Reads)];

    public override RuleOpinion Evaluate(OracleRuleTick tick)
    {
        ref var state = ref tick.States[Index];
        var truth = When.Condition!(tick.Slots);
        var unknown = RuleOpinion.Unknown with { Min = Then.Min };
        // What only grows need not wait for the silent where it holds although they are idle; until it acts it is unknown all the
        // same.
        var assumed = truth == Truth.Unknown && !Then.CanShrink && When.Condition(tick.Growing) == Truth.True;
        if (truth != Truth.True && !assumed)
        {
            state.Since = default;
            return truth == Truth.False ? RuleOpinion.None : unknown;
        }

        var now = tick.Facts.Steady;
        if (state.Since == default || state.Since > now || (tick.CountChanged && Then.IsRelative)) state.Since = now;
        if (now - state.Since >= For) return Then.Apply(tick);
        return assumed ? unknown : new RuleOpinion(RuleVerdict.Waiting);
    }

    public override string Describe(in RuleOpinion opinion, OracleRuleTick tick)
    {
        var condition = When.Show(Then.CanShrink ? tick.Slots : tick.Growing);
        return opinion.Verdict switch
        {
            RuleVerdict.Waiting =>
                $"{condition}, waiting for {DurationText.Format(For)} of it since {tick.Facts.Wall(tick.States[Index].Since):HH:mm:ss}",
            RuleVerdict.Unknown => $"{condition} is unknown",
            RuleVerdict.None => $"not {condition}",
            _ => $"{condition}{(For > TimeSpan.Zero ? " for " + DurationText.Format(For) : "")}, {Then.Describe(opinion, tick)}",
        };
    }
}
