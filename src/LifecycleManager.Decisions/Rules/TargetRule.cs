using System.Globalization;
using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Target tracking with the HPA's published arithmetic (kubernetes.io, "Horizontal Pod Autoscaling", algorithm details):
/// <c>ceil(count * value / target)</c> outside the tolerance; instances that are not ready count as using nothing when growing, those
/// without a value as using nothing when growing and exactly the target when shrinking; a correction that would turn the
/// direction round keeps the count. Instances that are still staged are not ready.
/// </summary>
internal sealed class TargetRule : Rule
{
    public required Expression Metric { get; init; }

    /// <summary>What the metric, or its share per instance, should be; over 0.</summary>
    public required double Value { get; init; }

    /// <summary>The share of the target that the value may be off before anything is done.</summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>Whether <see cref="Value"/> is each instance's share of the metric (HPA: AverageValue).</summary>
    public bool PerInstance { get; init; }

    /// <summary>The value over which an app leaves zero instances.</summary>
    public double Activation { get; init; }

    /// <summary>Whether the metric is an average over instances, so that each one's value can be looked at.</summary>
    public bool ByInstance { get; init; }

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => Metric.SingleRead < 0
        ? []
        : [(Metric.SingleRead, slots => PerInstance ? Value * slots[Slots.Instances] : Value)];

    public override RuleOpinion Evaluate(RuleTick tick)
    {
        var instances = tick.Facts.Instances;
        var value = Metric.Number!(tick.Slots);
        if (double.IsNaN(value)) return RuleOpinion.Unknown;
        if (value < 0) value = 0;
        if (instances == 0) return FromZero(value);
        if (PerInstance)
        {
            var ratio = value / (Value * instances);
            if (value <= Activation && Activation > 0) return Asked(0, ratio, value);
            return Within(ratio) ? Asked(instances, ratio, value) : Asked(RuleAction.Ceiling(value / Value), ratio, value);
        }

        if (ByInstance && tick.Instances(Metric.SingleRead) is { Count: > 0 } readings) return OfInstances(tick, readings, value);
        var share = value / Value;
        if (Within(share)) return Asked(instances, share, value);
        // The HPA's object metrics scale the ready count; a count of none ready says nothing.
        var ready = tick.Facts.Healthy > 0 ? Math.Min(tick.Facts.Healthy, instances) : instances;
        var count = RuleAction.Ceiling(share * ready);
        return Asked(share > 1 ? Math.Max(instances, count) : Math.Min(instances, count), share, value);
    }

    public override string Describe(in RuleOpinion opinion, RuleTick tick)
    {
        var shown = Metric.Show(tick.Slots);
        var target = Expression.Format(Value) + (PerInstance ? " per instance" : "");
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{shown} cannot be told";
        var instances = tick.Facts.Instances;
        if (instances == 0) return opinion.Count == 0 ? $"{shown} needs no instance" : $"{shown} needs instances, {target} is the target, 0 -> {opinion.Count}";
        var counted = PerInstance
            ? $"{shown} is {Expression.Format(opinion.B / instances)} per instance"
            : Math.Abs(opinion.A - (opinion.B / Value)) > 1e-9 ? $"{shown}, {Expression.Format(opinion.A * Value)} with those not ready," : shown;
        var tolerance = string.Create(CultureInfo.InvariantCulture, $"{Tolerance * 100:0.##}%");
        if (opinion.Count == instances)
        {
            return Within(opinion.A) ? $"{counted} within {tolerance} of {target}" : $"{counted} for a target of {target}, {instances} will do";
        }

        return $"{counted} {(opinion.Count > instances ? "over" : "under")} {target}, {instances} -> {opinion.Count}";
    }

    private static RuleOpinion Asked(int count, double ratio, double value) => new(RuleVerdict.Count, count, A: ratio, B: value);

    private bool Within(double ratio) => Math.Abs(ratio - 1) <= Tolerance + 1e-12;

    private RuleOpinion FromZero(double value)
    {
        if (value <= Activation) return Asked(0, 0, value);
        return Asked(Math.Max(1, RuleAction.Ceiling(value / Value)), 0, value);
    }

    private RuleOpinion OfInstances(RuleTick tick, List<Metrics.Queries.InstanceReading> readings, double shown)
    {
        var instances = tick.Facts.Instances;
        var (sum, ready, notReady, missing) = (0.0, 0, 0, 0);
        foreach (var reading in readings)
        {
            if (!reading.Ready) notReady++;
            else if (reading.Missing is not null || !double.IsFinite(reading.Value)) missing++;
            else
            {
                ready++;
                sum += Math.Max(0, reading.Value);
            }
        }

        // What was asked for and is not known to the reader yet: staged instances, which the HPA calls pending pods.
        notReady += Math.Max(0, tick.Pending - notReady);
        if (ready == 0) return RuleOpinion.Unknown;
        var ratio = sum / ready / Value;
        var growing = ratio > 1;
        var fillNotReady = notReady > 0 && growing;
        if (!fillNotReady && missing == 0)
        {
            return Within(ratio) ? Asked(instances, ratio, shown) : Asked(Directed(RuleAction.Ceiling(ratio * ready), instances, ratio), ratio, shown);
        }

        var counted = ready + missing + (fillNotReady ? notReady : 0);
        // HPA: missing ones use the target when shrinking (at a ratio of exactly 1 nothing is filled in) and nothing when growing.
        var filled = ratio < 1 ? sum + (missing * Value) : sum;
        var corrected = filled / counted / Value;
        if (Within(corrected) || (ratio < 1 && corrected > 1) || (ratio > 1 && corrected < 1)) return Asked(instances, corrected, shown);
        var count = RuleAction.Ceiling(corrected * counted);
        if ((corrected < 1 && count > instances) || (corrected > 1 && count < instances)) count = instances;
        return Asked(count, corrected, shown);
    }

    /// <summary>A value over the target never shrinks an app of which only some are ready.</summary>
    private static int Directed(int count, int instances, double ratio) => ratio > 1 ? Math.Max(count, instances) : Math.Min(count, instances);
}
