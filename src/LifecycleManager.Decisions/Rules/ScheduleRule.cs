using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Acts by the clock. With <c>until</c> it holds while the window is open: it narrows the bounds or asks for a count. Without, it
/// asks once at each firing, and goes on asking for at most <see cref="Patience"/> until the count is there.
/// </summary>
internal sealed class ScheduleRule : Rule
{
    /// <summary>How long a firing that was held up (by a cooldown, say) is still wanted.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public required ScheduledRule Schedule { get; init; }

    public required RuleAction Then { get; init; }

    internal override IReadOnlyList<int> Reads => Then.Count?.Reads ?? [];

    internal override bool ChangesAnyTime => Then.Count is { UsesTime: true };

    internal override string Kind => Schedule.Until is null ? "schedule" : "window";

    internal override void Define(RuleDefinitions rules)
    {
        if (Schedule.Until is null)
            rules.Opinion(this, "fires", (rule, app) => rule.IsFiring(app), (rule, app) => rule.Fire(app));
        else
            rules.Opinion(this, "is open", (rule, app) => rule.Schedule.IsActive(app.Facts.Now),
                (rule, app) => rule.Then.Apply(app));
    }

    internal override RuleOpinion Ask(App app) => Then.Apply(app);

    internal override Due NextDue(App app)
    {
        if (Schedule.Until is null && IsFiring(app)) return Due.Now;
        return Due.Never with { Wall = Schedule.NextChange(app.Facts.Now) ?? DateTimeOffset.MaxValue };
    }

    private bool IsFiring(App app) =>
        app.States[Index].FiredAt != default || Schedule.Firing(app.Previous, app.Facts.Now) is not null;

    private RuleOpinion Fire(App app)
    {
        ref var state = ref app.States[Index];
        var now = app.Facts.Now;
        if (Schedule.Firing(app.Previous, now) is { } fired)
        {
            var asked = Then.Apply(app);
            if (asked.Verdict == RuleVerdict.Unknown) return asked;
            state.FiredAt = fired;
            state.FiredCount = Then.Kind == ActionKind.Bounds ? Once(app.Facts.Instances) : asked.Count;
        }

        if (state.FiredAt == default) return RuleOpinion.None;
        if (now < state.FiredAt || now - state.FiredAt > Patience || state.FiredCount == app.Facts.Instances)
        {
            state.FiredAt = default;
            return RuleOpinion.None;
        }

        return new RuleOpinion(RuleVerdict.Count, state.FiredCount);
    }

    internal override string Describe(in RuleOpinion opinion, App app)
    {
        var when = Schedule.Until is null ? $"at {Schedule.Cron}" : $"from {Schedule.Cron} until {Schedule.Until}";
        return $"{when} ({Schedule.Zone.Id}), {(opinion.Verdict == RuleVerdict.None ? "not now" : Then.Describe(opinion, app))}";
    }

    private int Once(int instances) => Math.Max(Then.Max >= 0 ? Math.Min(instances, Then.Max) : instances, Then.Min);
}
