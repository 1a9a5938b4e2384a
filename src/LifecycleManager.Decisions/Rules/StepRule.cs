using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Rules;

/// <summary>One step: applies where the value is over <paramref name="Above"/> and under <paramref name="Below"/> (NaN for open).</summary>
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
    public required Expression Metric { get; init; }

    public required IReadOnlyList<Step> Steps { get; init; }

    public TimeSpan For { get; init; }

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => Metric.SingleRead < 0
        ? []
        : Steps.Select<Step, (int, NumberCode)>(step => (Metric.SingleRead, _ => double.IsNaN(step.Above) ? step.Below : step.Above));

    public override RuleOpinion Evaluate(RuleTick tick)
    {
        ref var state = ref tick.States[Index];
        var value = Metric.Number!(tick.Slots);
        if (double.IsNaN(value))
        {
            state.Since = default;
            return RuleOpinion.Unknown;
        }

        var chosen = Choose(value);
        if (chosen < 0)
        {
            state.Since = default;
            return RuleOpinion.None;
        }

        // The wait is for being off on the same side, not for the same step: a rising value does not start it anew.
        var now = tick.Facts.Now;
        var sameSide = state.FiredCount == Side(Steps[chosen]);
        if (state.Since == default || state.Since > now || tick.CountChanged || !sameSide)
        {
            state.Since = now;
            state.FiredCount = Side(Steps[chosen]);
        }

        if (now - state.Since < For) return new RuleOpinion(RuleVerdict.Waiting, A: value, B: chosen);
        return Steps[chosen].Then.Apply(tick) with { A = value, B = chosen };

        static int Side(Step step) => step.Then.CanShrink ? -1 : 1;
    }

    public override string Describe(in RuleOpinion opinion, RuleTick tick)
    {
        if (opinion.Verdict is RuleVerdict.Unknown or RuleVerdict.None) return $"{Metric.Show(tick.Slots)} is in no step";
        var step = Steps[(int)opinion.B];
        var text = $"{Metric.Show(tick.Slots)} is {step.Text}";
        return opinion.Verdict == RuleVerdict.Waiting
            ? $"{text}, waiting for {Durations.Format(For)} of it"
            : $"{text}{(For > TimeSpan.Zero ? " for " + Durations.Format(For) : "")}, {step.Then.Describe(opinion, tick)}";
    }

    internal int Choose(double value)
    {
        var chosen = -1;
        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Holds(value) && (chosen < 0 || Narrower(Steps[i], Steps[chosen]))) chosen = i;
        }

        return chosen;
    }

    private static bool Narrower(Step step, Step than) => (double.IsNaN(step.Above), double.IsNaN(than.Above)) switch
    {
        (false, false) => step.Above > than.Above || (step.Above == than.Above && !double.IsNaN(step.Below) && !(step.Below >= than.Below)),
        (true, true) => step.Below < than.Below,
        (var open, _) => !open,
    };
}
