using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Target tracking with the HPA's published arithmetic (kubernetes.io, "Horizontal Pod Autoscaling", algorithm details):
/// <c>ceil(count * value / target)</c> outside the tolerance; instances that are not ready count as using nothing when growing,
/// silent ones as using nothing when growing and as <see cref="Fill"/> when shrinking; what is filled in never turns the
/// direction round. Instances that are still staged are not ready. Any other metric grows by the least that it can be and shrinks
/// by the greatest.
/// </summary>
internal sealed class TargetRule : Rule
{
    public required Expression Metric { get; init; }

    /// <summary>What the metric, or its share per instance, should be; over 0.</summary>
    public required double Value { get; init; }

    /// <summary>The share of the target that the value may be over it before anything is done.</summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>The share of the target that the value may be under it before anything is done.</summary>
    public double ScaleInTolerance { get; init; } = 0.1;

    /// <summary>Whether <see cref="Value"/> is each instance's share of the metric (HPA: AverageValue).</summary>
    public bool PerInstance { get; init; }

    /// <summary>The value over which an app leaves zero instances.</summary>
    public double Activation { get; init; }

    /// <summary>
    /// Whether the metric is an average over instances that is to be had by each of them, the HPA's resource and pods metrics.
    /// </summary>
    public bool ByInstance { get; init; }

    /// <summary>
    /// Whether each instance's share of the target is known, so that silent ones can be filled in: an average, or a sum per
    /// instance.
    /// </summary>
    public bool Fills { get; init; }

    /// <summary>
    /// What a silent instance is taken to use when shrinking: the target, or all that it may use where that is more.
    /// </summary>
    public double Fill { get; init; }

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    internal override IEnumerable<(int Slot, NumberCode Value)> Thresholds => Metric.SingleRead < 0
        ? []
        : [(Metric.SingleRead, slots => PerInstance ? Value * slots[Slots.Instances] : Value)];

    internal override bool ChangesAnyTime => Metric.UsesTime;

    // Instances may change what they say while their average stays.
    internal override int Seen(App app)
    {
        if (!Fills) return 0;
        var seen = new HashCode();
        foreach (var reading in app.Instances(Metric.SingleRead))
        {
            seen.Add(reading.Value);
            seen.Add(reading.Range);
            seen.Add(reading.Expected);
            seen.Add(reading.Missing is null);
        }

        return seen.ToHashCode();
    }

    internal override string Kind => "target";

    internal override void Define(RuleDefinitions rules)
    {
        rules.Opinion(this, "is unknown", (rule, app) => !rule.IsKnown(app), (_, _) => RuleOpinion.Unknown);
        rules.Opinion(this, "is measured", (rule, app) => rule.IsKnown(app), (rule, app) => rule.Ask(app));
    }

    private bool IsKnown(App app) => Metric.Number!(app.Slots).IsKnown;

    internal override RuleOpinion Ask(App app)
    {
        var range = Metric.Number!(app.Slots);
        if (!range.IsKnown) return RuleOpinion.Unknown;
        var instances = app.Facts.Instances;
        var (low, high) = (Math.Max(0, Metric.Number(app.Growing).Low), Math.Max(0, range.High));
        if (instances == 0) return FromZero(low, high);
        var filled = range.IsPoint;
        if (Fills && (ByInstance || !filled) && !app.IsIdle(Metric.SingleRead)
            && app.Instances(Metric.SingleRead) is { Count: > 0 } readings)
        {
            var all = Filling.Of(readings, Fill, app.Pending);
            if (all.Ready == 0) return RuleOpinion.Unknown;
            if (ByInstance) return OfInstances(all, instances, filled ? high : all.Sum / all.Ready);
            (high, filled) = (low + (all.Filled - all.Sum), true);
        }

        if (PerInstance)
        {
            if (Activation > 0 && high <= Activation) return Asked(0, high / (Value * instances), high);
            return Between(Of(low), Of(high), instances, filled);
        }

        // The HPA's object metrics scale the ready count; a count of none ready says nothing.
        var ready = app.Facts.Healthy > 0 ? Math.Min(app.Facts.Healthy, instances) : instances;
        return Between(Share(low), Share(high), instances, filled);

        Wish Of(double total) => new(total / (Value * instances), RuleAction.Ceiling(total / Value), total);
        Wish Share(double value) => new(value / Value, RuleAction.Ceiling(value / Value * ready), value);
    }

    internal override string Describe(in RuleOpinion opinion, App app)
    {
        var shown = Metric.Show(app.Shown);
        var target = Expression.Format(Value) + (PerInstance ? " per instance" : "");
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{shown} is unknown";
        var instances = app.Facts.Instances;
        if (instances == 0)
            return opinion.Count == 0 ? $"{shown} needs no instance"
            : $"{shown} needs instances, {target} is the target, 0 -> {opinion.Count}";
        var counted = PerInstance
            ? $"{shown} is {Expression.Format(opinion.B / instances)} per instance"
            : Math.Abs(opinion.A - (opinion.B / Value)) > 1e-9
            ? $"{shown}, {Expression.Format(opinion.A * Value)} with those not ready," : shown;
        var tolerance = string.Create(CultureInfo.InvariantCulture, $"{ToleranceAt(opinion.A) * 100:0.##}%");
        if (opinion.Count == instances)
        {
            return Within(opinion.A) ? $"{counted} within {tolerance} of {target}"
                : $"{counted} for a target of {target}, {instances} will do";
        }

        return $"{counted} {(opinion.Count > instances ? "over" : "under")} {target}, {instances} -> {opinion.Count}";
    }

    private static RuleOpinion Asked(int count, double ratio, double value) => new(RuleVerdict.Count, count, A: ratio, B: value);

    private bool Within(double ratio) => Math.Abs(ratio - 1) <= ToleranceAt(ratio) + 1e-12;

    private double ToleranceAt(double ratio) => ratio >= 1 ? Tolerance : ScaleInTolerance;

    private RuleOpinion FromZero(double low, double high)
    {
        if (high <= Activation) return Asked(0, 0, high);
        return low > Activation ? Asked(Math.Max(1, RuleAction.Ceiling(low / Value)), 0, low) : RuleOpinion.Unknown;
    }

    /// <summary>The HPA's calculation from the instances' own values.</summary>
    private RuleOpinion OfInstances(in Filling all, int instances, double shown)
    {
        // Growing, those that are not ready and those that are silent use nothing; shrinking, the first are left out.
        var (grows, shrinks) = (all.Ready + all.Silent + all.NotReady, all.Ready + all.Silent);
        var low = Of(all.Sum / grows / Value, grows);
        var high = Of(all.Filled / shrinks / Value, shrinks);
        return Between(low, high, instances, settled: true);

        Wish Of(double ratio, int counted) => new(ratio, RuleAction.Ceiling(ratio * counted), shown);
    }

    /// <summary>
    /// Grows as far as the least value asks for and shrinks as far as the greatest allows; between the two the count stays, as
    /// the HPA keeps it where what it fills in turns the direction round.
    /// </summary>
    private RuleOpinion Between(in Wish low, in Wish high, int instances, bool settled)
    {
        if (low.Ratio > 1 && !Within(low.Ratio)) return Asked(Math.Max(instances, low.Count), low.Ratio, low.Value);
        if (high.Ratio < 1 && !Within(high.Ratio)) return Asked(Math.Min(instances, high.Count), high.Ratio, high.Value);
        if (!settled) return RuleOpinion.Unknown;
        // Of both the one that is nearer to a change tells why there is none.
        var kept = low.Ratio > 1 ? low : high;
        return Asked(instances, kept.Ratio, kept.Value);
    }

    /// <summary>What a value asks for.</summary>
    /// <param name="Ratio">The share of the target that it is.</param>
    /// <param name="Count">The count that would bring it to the target.</param>
    /// <param name="Value">The value.</param>
    private readonly record struct Wish(double Ratio, int Count, double Value);
}
