using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Forecasting;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Scales out before the load comes: a seasonal forecast of a metric, learnt as the ticks go by. It only ever asks for at least
/// so many instances, never for fewer, and only while the error of its own forecasts is small enough.
/// </summary>
internal sealed class ForecastRule : Rule
{
    public required Expression Metric { get; init; }

    public required double Value { get; init; }

    public bool PerInstance { get; init; }

    public required TimeSpan Season { get; init; }

    public required TimeSpan Step { get; init; }

    public required TimeSpan Ahead { get; init; }

    public double MaxError { get; init; } = 0.25;

    internal override IReadOnlyList<int> Reads => Metric.Reads;

    // It learns at every tick.
    internal override bool ChangesAnyTime => true;

    internal override string Kind => "forecast";

    internal override void Define(RuleDefinitions rules)
    {
        rules.Opinion(this, "is unknown", (rule, app) => double.IsNaN(rule.Measured(app)), (_, _) => RuleOpinion.Unknown);
        rules.Opinion(this, "is expected", (rule, app) => !double.IsNaN(rule.Measured(app)) && rule.IsTrusted(app),
            (rule, app) => rule.Expect(app));
    }

    internal override RuleOpinion Ask(App app) =>
        double.IsNaN(Measured(app)) ? RuleOpinion.Unknown : IsTrusted(app) ? Expect(app) : RuleOpinion.None;

    /// <summary>What a forecast that is trusted asks for.</summary>
    private RuleOpinion Expect(App app)
    {
        var forecast = Memory(app.States);
        var peak = forecast.Peak();
        var count = PerInstance ? peak / Value : app.Facts.Instances * peak / Value;
        return new RuleOpinion(RuleVerdict.AtLeast, RuleAction.Ceiling(count), A: peak, B: forecast.Error);
    }

    /// <summary>Takes in what an app shows at a tick, before the rules are asked.</summary>
    public void Learn(App app)
    {
        var value = Learnable(app);
        if (!double.IsNaN(value)) Memory(app.States).Add(app.Facts.Now, value);
    }

    /// <summary>
    /// What there is to learn: what is measured, unless it is more than what growth may rest on, as what instances do while they
    /// start; NaN for nothing.
    /// </summary>
    public double Learnable(App app) =>
        Measured(app) is var value && Metric.Number!(app.Growing).Low >= value ? value : double.NaN;

    // What some instances have kept to themselves is nothing to learn from: it would look like a lull.
    private double Measured(App app) => Metric.Number!(app.Slots).Point;

    private bool IsTrusted(App app)
    {
        var forecast = Memory(app.States);
        return forecast.Error <= MaxError && forecast.Peak() > 0;
    }

    /// <summary>
    /// Teaches the rule what it did not see: samples from a store of history, oldest first. What it knew is forgotten.
    /// </summary>
    public void Learn(RuleState[] states, IEnumerable<(DateTimeOffset At, double Value)> samples)
    {
        states[Index].Memory = null;
        var forecast = Memory(states);
        foreach (var (at, value) in samples) forecast.Add(at, value);
    }

    internal override string Describe(in RuleOpinion opinion, App app)
    {
        var shown = Metric.Show(app.Slots);
        if (opinion.Verdict == RuleVerdict.Unknown) return $"{shown} is unknown";
        var forecast = Memory(app.States);
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
