using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Acts once a condition has held for a time: <c>when</c>, <c>for</c>, <c>then</c>. As with Prometheus' alerts the time starts
/// anew when the condition stops or becomes unknown; and it starts anew when the count changes, so that each step has its own
/// wait.
/// </summary>
internal sealed class ThresholdRule : Rule
{
    public required Expression When { get; init; }

    public TimeSpan For { get; init; }

    public required RuleAction Then { get; init; }

    internal override IReadOnlyList<int> Reads => Then.Count is null ? When.Reads : [.. When.Reads.Union(Then.Count.Reads)];

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => When.Thresholds;

    internal override bool ChangesAnyTime => When.UsesTime || Then.Count is { UsesTime: true };

    internal override string Kind => For > TimeSpan.Zero ? "threshold for" : "threshold";

    internal override void Define(RuleDefinitions rules)
    {
        rules.Opinion(this, "is unknown", (rule, app) => rule.IsUnknown(app), (rule, _) => rule.Unknown);
        if (For <= TimeSpan.Zero)
        {
            rules.Opinion(this, "holds", (rule, app) => rule.Holds(app), (rule, app) => rule.Act(app));
            return;
        }

        rules.Holding(this, (rule, app) => rule.Holds(app), (rule, app, holding) => rule.Ripen(app, holding), (rule, holding) =>
            holding.IsRipe ? rule.Act(holding.App) : holding.IsAssumed ? rule.Unknown : new RuleOpinion(RuleVerdict.Waiting));
    }

    internal override RuleOpinion Ask(App app) => Holds(app) ? Act(app) : IsUnknown(app) ? Unknown : RuleOpinion.None;

    internal override Due NextDue(App app) => Waits.NextDue(app.States[Index], For, app);

    private RuleOpinion Unknown => RuleOpinion.Unknown with { Min = Then.Min };

    private bool Holds(App app) => When.Condition!(app.Slots) == Truth.True || IsAssumed(app);

    private bool IsUnknown(App app) => When.Condition!(app.Slots) == Truth.Unknown && !IsAssumed(app);

    /// <summary>
    /// What only grows need not wait for the silent where it holds although they are idle; until it acts it is unknown all the
    /// same.
    /// </summary>
    private bool IsAssumed(App app) =>
        !Then.CanShrink && When.Condition!(app.Slots) == Truth.Unknown && IsReasonToGrow(app);

    private bool IsReasonToGrow(App app) => When.Condition!(app.Growing) == Truth.True;

    private RuleOpinion Act(App app) =>
        IsReasonToGrow(app) ? Then.Apply(app) : Then.Apply(app).WithoutGrowth(app.Facts.Instances);

    private void Ripen(App app, Holding holding)
    {
        var isAnew = holding.Stays && IsReasonToGrow(app) && Then.Grows(app);
        (holding.IsAssumed, holding.Stays) = (IsAssumed(app), !IsReasonToGrow(app));
        holding.IsRipe = Waits.Go(ref app.States[Index], For, app, restart: isAnew || (app.CountChanged && Then.IsRelative));
    }

    internal override string Describe(in RuleOpinion opinion, App app)
    {
        var condition = When.Show(Then.CanShrink ? app.Slots : app.Shown);
        return opinion.Verdict switch
        {
            RuleVerdict.Waiting =>
                $"{condition}, waiting for {DurationText.Format(For)} of it since {app.Facts.Wall(app.States[Index].Since):HH:mm:ss}",
            RuleVerdict.Unknown => $"{condition} is unknown",
            RuleVerdict.None => $"not {condition}",
            _ => $"{condition}{(For > TimeSpan.Zero ? " for " + DurationText.Format(For) : "")}, {Then.Describe(opinion, app)}",
        };
    }
}
