using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Forecasting;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// Scales out before the load comes: a seasonal forecast of a metric, learnt as the ticks go by. It only ever asks for at least
/// so many instances, never for fewer, and only while the error of its own forecasts is small enough.
/// </summary>
internal sealed class OracleForecastRule : OracleRule
{
    public required Expression Metric { get; init; }

    public required double Value { get; init; }

    public bool PerInstance { get; init; }

    public required TimeSpan Season { get; init; }

    public required TimeSpan Step { get; init; }

    public required TimeSpan Ahead { get; init; }

    public double MaxError { get; init; } = 0.25;

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    public override RuleOpinion Evaluate(OracleRuleTick tick)
    {
        // What some instances have kept to themselves is nothing to learn from: it would look like a lull.
        var value = Metric.Number!(tick.Slots).Point;
        if (double.IsNaN(value)) return RuleOpinion.Unknown;
        var forecast = Memory(tick.States);
        forecast.Add(tick.Facts.Now, value);
        var peak = forecast.Peak();
        if (double.IsNaN(peak) || !(forecast.Error <= MaxError) || peak <= 0) return RuleOpinion.None;
        var count = PerInstance ? peak / Value : tick.Facts.Instances * peak / Value;
        return new RuleOpinion(RuleVerdict.AtLeast, OracleRuleAction.Ceiling(count), A: peak, B: forecast.Error);
    }

    public override string Describe(in RuleOpinion opinion, OracleRuleTick tick)
    {
        var shown = Metric.Show(tick.Slots);
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{shown} is unknown";
        var forecast = Memory(tick.States);
        if (forecast.Learnt < 1)
            return $"{shown}, {Percent(forecast.Learnt)} of the first season of {DurationText.Format(Season)} is learnt";
        var error = double.IsNaN(forecast.Error) ? "error not known yet" : $"error {Percent(forecast.Error)}";
        var text = $"{shown}, {Expression.Format(forecast.Peak())} expected within {DurationText.Format(Ahead)} ({error})";
        if (opinion.Verdict != RuleVerdict.AtLeast) return text;
        return $"{text} for {Expression.Format(Value)}{(PerInstance ? " per instance" : "")}, at least {opinion.Count}";
    }

    private static string Percent(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + "%";

    private SeasonalForecast Memory(RuleState[] states)
    {
        ref var state = ref states[Index];
        return (SeasonalForecast)(state.Memory ??= new SeasonalForecast(Season, Step, Ahead));
    }
}
