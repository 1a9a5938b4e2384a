using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Acts once a condition has held for a time: <c>when</c>, <c>for</c>, <c>then</c>. As with Prometheus' alerts the time starts anew
/// when the condition stops or becomes unknown; and it starts anew when the count changes, so that each step has its own wait.
/// </summary>
internal sealed class ThresholdRule : Rule
{
    public required Expression When { get; init; }

    public TimeSpan For { get; init; }

    public required RuleAction Then { get; init; }

    internal override IReadOnlyList<int> Reads => Then.Count is null ? When.Reads : [.. When.Reads.Union(Then.Count.Reads)];

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => When.Thresholds;

    public override RuleOpinion Evaluate(RuleTick tick)
    {
        ref var state = ref tick.States[Index];
        switch (When.Condition!(tick.Slots))
        {
            case Truth.False:
                state.Since = default;
                return RuleOpinion.None;
            case Truth.Unknown:
                state.Since = default;
                return RuleOpinion.Unknown;
        }

        var now = tick.Facts.Now;
        if (state.Since == default || state.Since > now || (tick.CountChanged && Then.IsRelative)) state.Since = now;
        return now - state.Since < For ? new RuleOpinion(RuleVerdict.Waiting) : Then.Apply(tick);
    }

    public override string Describe(in RuleOpinion opinion, RuleTick tick)
    {
        var condition = When.Show(tick.Slots);
        return opinion.Verdict switch
        {
            RuleVerdict.Waiting => $"{condition}, waiting for {Durations.Format(For)} of it since {tick.States[Index].Since:HH:mm:ss}",
            RuleVerdict.Unknown => $"{condition} cannot be told",
            RuleVerdict.None => $"not {condition}",
            _ => $"{condition}{(For > TimeSpan.Zero ? " for " + Durations.Format(For) : "")}, {Then.Describe(opinion, tick)}",
        };
    }
}
