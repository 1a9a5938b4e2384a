using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// One step: applies where the value is over <paramref name="Above"/> and under <paramref name="Below"/> (NaN for open).
/// </summary>
internal sealed record OracleStep(double Above, double Below, OracleRuleAction Then)
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
internal sealed class OracleStepRule : OracleRule
{
    private const int None = -1;
    private const int Undecided = -2;

    public required Expression Metric { get; init; }

    public required IReadOnlyList<OracleStep> Steps { get; init; }

    public TimeSpan For { get; init; }

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    public override RuleOpinion Evaluate(OracleRuleTick tick)
    {
        ref var state = ref tick.States[Index];
        var value = Metric.Number!(tick.Slots);
        var assumed = false;
        var chosen = value.IsPoint ? Choose(value.Low)
            : value.IsKnown ? Surest(value, Metric.Number(tick.Growing), tick, out assumed)
            : Undecided;
        if (chosen < 0)
        {
            state.Since = default;
            return chosen == Undecided ? RuleOpinion.Unknown : RuleOpinion.None;
        }

        // The wait is for being off on the same side, not for the same step: a rising value does not start it anew.
        var now = tick.Facts.Steady;
        var sameSide = state.FiredCount == Side(Steps[chosen]);
        if (state.Since == default || state.Since > now || tick.CountChanged || !sameSide)
        {
            state.Since = now;
            state.FiredCount = Side(Steps[chosen]);
        }

        if (now - state.Since < For) return assumed ? RuleOpinion.Unknown : new RuleOpinion(RuleVerdict.Waiting, B: chosen);
        return Steps[chosen].Then.Apply(tick) with { B = chosen };

        static int Side(OracleStep step) => step.Then.CanShrink ? -1 : 1;
    }

    public override string Describe(in RuleOpinion opinion, OracleRuleTick tick)
    {
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{Metric.Show(tick.Slots)} is unknown";
        if (opinion.Verdict == RuleVerdict.None) return $"{Metric.Show(tick.Slots)} is in no step";
        var step = Steps[(int)opinion.B];
        var text = $"{Metric.Show(step.Then.CanShrink ? tick.Slots : tick.Growing)} is {step.Text}";
        return opinion.Verdict == RuleVerdict.Waiting
            ? $"{text}, waiting for {DurationText.Format(For)} of it"
            : $"{text}{(For > TimeSpan.Zero ? " for " + DurationText.Format(For) : "")}, {step.Then.Describe(opinion, tick)}";
    }

    /// <summary>
    /// The step that holds for all that the value can be, or of several that may hold the one that changes least, where all
    /// change the count the same way.
    /// </summary>
    private int Surest(Interval value, Interval growing, OracleRuleTick tick, out bool assumed)
    {
        var instances = tick.Facts.Instances;
        assumed = false;
        var (least, most, all) = Possible(value, tick);
        if (least < 0) return None;
        if (all && (least == most || Count(most, tick) < instances)) return most;
        (least, _, all) = Possible(growing, tick);
        if (!all || least < 0 || Count(least, tick) <= instances) return Undecided;
        assumed = growing != value;
        return least;
    }

    /// <summary>
    /// Of the steps that may hold those of the least and the greatest count, negative where none may; and whether one holds with
    /// a count that can be told whatever the value is.
    /// </summary>
    private (int Least, int Most, bool All) Possible(Interval value, OracleRuleTick tick)
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
            if (step < 0 || Steps[step].Then.Apply(tick).Verdict != RuleVerdict.Count)
            {
                all = false;
                if (step < 0) return;
            }

            if (least < 0 || Count(step, tick) < Count(least, tick)) least = step;
            if (most < 0 || Count(step, tick) > Count(most, tick)) most = step;
        }
    }

    private int Count(int step, OracleRuleTick tick) => Steps[step].Then.Apply(tick).Count;

    internal int Choose(double value)
    {
        var chosen = None;
        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Holds(value) && (chosen < 0 || Narrower(Steps[i], Steps[chosen]))) chosen = i;
        }

        return chosen;
    }

    private static bool Narrower(OracleStep step, OracleStep than) => (double.IsNaN(step.Above), double.IsNaN(than.Above)) switch
    {
        (false, false) =>
            step.Above > than.Above || (step.Above == than.Above && !double.IsNaN(step.Below) && !(step.Below >= than.Below)),
        (true, true) => step.Below < than.Below,
        (var open, _) => !open,
    };
}
