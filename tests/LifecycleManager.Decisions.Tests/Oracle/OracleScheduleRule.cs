using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// Acts by the clock. With <c>until</c> it holds while the window is open: it narrows the bounds or asks for a count. Without, it
/// asks once at each firing, and goes on asking for at most <see cref="Patience"/> until the count is there.
/// </summary>
internal sealed class OracleScheduleRule : OracleRule
{
    /// <summary>How long a firing that was held up (by a cooldown, say) is still wanted.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public required ScheduledRule Schedule { get; init; }

    public required OracleRuleAction Then { get; init; }

    internal override IReadOnlyList<int> Reads => Then.Count?.Reads ?? [];

    public override RuleOpinion Evaluate(OracleRuleTick tick)
    {
        if (Schedule.Until is not null) return Schedule.IsActive(tick.Facts.Now) ? Then.Apply(tick) : RuleOpinion.None;
        ref var state = ref tick.States[Index];
        var now = tick.Facts.Now;
        if (Schedule.Firing(tick.Previous, now) is { } fired)
        {
            var asked = Then.Apply(tick);
            if (asked.Verdict == RuleVerdict.Unknown) return asked;
            state.FiredAt = fired;
            state.FiredCount = Then.Kind == ActionKind.Bounds ? Once(tick.Facts.Instances) : asked.Count;
        }

        if (state.FiredAt == default) return RuleOpinion.None;
        if (now < state.FiredAt || now - state.FiredAt > Patience || state.FiredCount == tick.Facts.Instances)
        {
            state.FiredAt = default;
            return RuleOpinion.None;
        }

        return new RuleOpinion(RuleVerdict.Count, state.FiredCount);
    }

    public override string Describe(in RuleOpinion opinion, OracleRuleTick tick)
    {
        var when = Schedule.Until is null ? $"at {Schedule.Cron}" : $"from {Schedule.Cron} until {Schedule.Until}";
        return $"{when} ({Schedule.Zone.Id}), {(opinion.Verdict == RuleVerdict.None ? "not now" : Then.Describe(opinion, tick))}";
    }

    private int Once(int instances) => Math.Max(Then.Max >= 0 ? Math.Min(instances, Then.Max) : instances, Then.Min);
}
