using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// One step: applies where the value is over <paramref name="Above"/> and under <paramref name="Below"/> (NaN for open).
/// </summary>
internal sealed record Step(double Above, double Below, RuleAction Then)
{
    public bool Holds(double value) => !(value <= Above) && !(value >= Below);

    public string Text => (double.IsNaN(Above), double.IsNaN(Below)) switch
    {
        (false, true) => $"over {Expression.Format(Above)}",
        (true, false) => $"under {Expression.Format(Below)}",
        _ => $"between {Expression.Format(Above)} and {Expression.Format(Below)}",
    };
}

/// <summary>
/// Step scaling: the farther a value is off, the more is done. Of the steps that hold the narrowest counts: the highest
/// <c>above</c>, or else the lowest <c>below</c>.
/// </summary>
internal sealed class StepRule : Rule
{
    private const int None = -1;
    private const int Undecided = -2;

    public required Expression Metric { get; init; }

    public required IReadOnlyList<Step> Steps { get; init; }

    public TimeSpan For { get; init; }

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => Metric.SingleRead < 0
        ? []
        : Steps.Select<Step, (int, NumberCode)>(step =>
            (Metric.SingleRead, _ => double.IsNaN(step.Above) ? step.Below : step.Above));

    internal override bool ChangesAnyTime => Metric.UsesTime || Steps.Any(step => step.Then.Count is { UsesTime: true });

    internal override string Kind => For > TimeSpan.Zero ? "step for" : "step";

    internal override void Define(RuleDefinitions rules)
    {
        rules.Opinion(this, "is unknown", (rule, app) => rule.Choose(app, out _, out _) == Undecided,
            (_, _) => RuleOpinion.Unknown);
        if (For <= TimeSpan.Zero)
        {
            rules.Opinion(this, "is in a step", (rule, app) => rule.Choose(app, out _, out _) >= 0, (rule, app) => rule.Ask(app));
            return;
        }

        rules.Holding(
            this, (rule, app) => rule.Choose(app, out _, out _) >= 0, (rule, app, holding) => rule.Ripen(app, holding),
            (rule, holding) => holding.IsRipe ? rule.Ask(holding.App) : holding.IsAssumed
                ? RuleOpinion.Unknown
                : new RuleOpinion(RuleVerdict.Waiting, B: rule.Choose(holding.App, out _, out _)));
    }

    internal override RuleOpinion Ask(App app)
    {
        var step = Choose(app, out _, out var stays);
        if (step < 0) return step == Undecided ? RuleOpinion.Unknown : RuleOpinion.None;
        var asked = Steps[step].Then.Apply(app) with { B = step };
        return stays ? asked.WithoutGrowth(app.Facts.Instances) : asked;
    }

    internal override Due NextDue(App app) => Waits.NextDue(app.States[Index], For, app);

    private void Ripen(App app, Holding holding)
    {
        ref var state = ref app.States[Index];
        // The wait is for being off on the same side, not for the same step: a rising value does not start it anew.
        var side = Steps[Choose(app, out var assumed, out var stays)].Then.CanShrink ? -1 : 1;
        var isAnew = holding.Stays && !stays;
        (holding.IsAssumed, holding.Stays) = (assumed, stays);
        holding.IsRipe = Waits.Go(ref state, For, app, restart: isAnew || app.CountChanged || state.FiredCount != side);
        state.FiredCount = side;
    }

    /// <summary>The step that holds for an app; negative where none does, or where it cannot be decided.</summary>
    /// <param name="app">The app.</param>
    /// <param name="assumed">Whether it holds only if silent instances are taken for idle ones.</param>
    /// <param name="stays">Whether it would grow by what is no reason to.</param>
    private int Choose(App app, out bool assumed, out bool stays)
    {
        (assumed, stays) = (false, false);
        var (value, growing) = (Metric.Number!(app.Slots), Metric.Number(app.Growing));
        return !value.IsKnown ? Undecided
            : value.IsPoint && growing == value ? Choose(value.Low)
            : Surest(value, growing, app, out assumed, out stays);
    }

    internal override string Describe(in RuleOpinion opinion, App app)
    {
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{Metric.Show(app.Slots)} is unknown";
        if (opinion.Verdict == RuleVerdict.None) return $"{Metric.Show(app.Slots)} is in no step";
        var step = Steps[(int)opinion.B];
        var text = $"{Metric.Show(step.Then.CanShrink ? app.Slots : app.Shown)} is {step.Text}";
        return opinion.Verdict == RuleVerdict.Waiting
            ? $"{text}, waiting for {DurationText.Format(For)} of it"
            : $"{text}{(For > TimeSpan.Zero ? " for " + DurationText.Format(For) : "")}, {step.Then.Describe(opinion, app)}";
    }

    /// <summary>
    /// The step that holds for all that the value can be, or of several that may hold the one that changes least, where all
    /// change the count the same way.
    /// </summary>
    private int Surest(Interval value, Interval growing, App app, out bool assumed, out bool stays)
    {
        var instances = app.Facts.Instances;
        (assumed, stays) = (false, false);
        var (least, most, all) = Possible(value, app);
        if (least < 0) return None;
        var isOne = all && least == most;
        if (all && (isOne ? Count(most, app) <= instances : Count(most, app) < instances)) return most;
        var grown = Possible(growing, app);
        if (grown.All && grown.Least >= 0 && Count(grown.Least, app) > instances)
        {
            assumed = !isOne && growing != value;
            return grown.Least;
        }

        stays = isOne;
        return isOne ? most : Undecided;
    }

    /// <summary>
    /// Of the steps that may hold those of the least and the greatest count, negative where none may; and whether one holds with
    /// a count that can be told whatever the value is.
    /// </summary>
    private (int Least, int Most, bool All) Possible(Interval value, App app)
    {
        var (least, most, all) = (None, None, true);
        Try(value.Low);
        Try(value.High);
        foreach (var step in Steps)
        {
            // On each edge and just beside it.
            foreach (var edge in (ReadOnlySpan<double>)[step.Above, step.Below])
            {
                Try(edge);
                Try(Math.BitIncrement(edge));
                Try(Math.BitDecrement(edge));
            }
        }

        return (least, most, all);

        void Try(double at)
        {
            if (!(at >= value.Low && at <= value.High)) return;
            var step = Choose(at);
            if (step < 0 || Steps[step].Then.Apply(app).Verdict != RuleVerdict.Count)
            {
                all = false;
                if (step < 0) return;
            }

            if (least < 0 || Count(step, app) < Count(least, app)) least = step;
            if (most < 0 || Count(step, app) > Count(most, app)) most = step;
        }
    }

    private int Count(int step, App app) => Steps[step].Then.Apply(app).Count;

    internal int Choose(double value)
    {
        var chosen = None;
        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Holds(value) && (chosen < 0 || Narrower(Steps[i], Steps[chosen]))) chosen = i;
        }

        return chosen;
    }

    private static bool Narrower(Step step, Step than) => (double.IsNaN(step.Above), double.IsNaN(than.Above)) switch
    {
        (false, false) =>
            step.Above > than.Above || (step.Above == than.Above && !double.IsNaN(step.Below) && !(step.Below >= than.Below)),
        (true, true) => step.Below < than.Below,
        (var open, _) => !open,
    };
}
