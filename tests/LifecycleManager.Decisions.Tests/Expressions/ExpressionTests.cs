using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tests.Expressions;

public sealed class ExpressionTests
{
    private const double Missing = double.NaN;

    private static readonly PolicyMetric[] Metrics =
    [
        Metric("tpm", new MetricQuery { Source = MetricSource.Actuator, Selector = "tpm", Across = Aggregation.Sum }),
        Metric("cpu", new MetricQuery { Source = MetricSource.Actuator, Selector = "cpu" }),
        Metric("lat", new MetricQuery { Source = MetricSource.Histogram, Selector = "lat", Window = TimeSpan.FromMinutes(2) }),
        Metric("rps", new MetricQuery { Source = MetricSource.Prometheus, Selector = "c", Function = WindowFunction.Rate,
            Window = TimeSpan.FromMinutes(1) }),
    ];

    [Theory]
    [InlineData("tpm > 10 * instances", 21, Truth.True)]
    [InlineData("tpm > 10 * instances", 20, Truth.False)]
    [InlineData("tpm > 10 * instances", Missing, Truth.Unknown)]
    [InlineData("tpm > 10 and healthy == instances", 11, Truth.True)]
    [InlineData("tpm > 10 and instances == 3", Missing, Truth.False)]
    [InlineData("instances == 3 and tpm > 10", Missing, Truth.False)]
    [InlineData("tpm > 10 or instances == 2", Missing, Truth.True)]
    [InlineData("tpm > 10 or instances == 3", Missing, Truth.Unknown)]
    [InlineData("not (tpm > 10)", Missing, Truth.Unknown)]
    [InlineData("not tpm > 10", 10, Truth.True)]
    [InlineData("(tpm > 10) == true", Missing, Truth.Unknown)]
    [InlineData("(tpm > 10) != (instances == 3)", 11, Truth.True)]
    [InlineData("tpm / staged > 1", 5, Truth.Unknown)]
    [InlineData("tpm * 1000 > 1", double.MaxValue, Truth.Unknown)]
    [InlineData("max(tpm, 5) > 4", Missing, Truth.Unknown)]
    [InlineData("min(tpm, 5, 3) == 3", 9, Truth.True)]
    [InlineData("avg(tpm, 10) == 7.5", 5, Truth.True)]
    [InlineData("2 + 3 * 4 - 6 / 2 == 11", 0, Truth.True)]
    [InlineData("8 - 3 - 2 == 3 and -2 * -3 == 6 and 16 / 4 / 2 == 2", 0, Truth.True)]
    [InlineData("tpm > 60%", 0.61, Truth.True)]
    [InlineData("tpm > 250ms", 0.26, Truth.True)]
    [InlineData("tpm < 1h30m", 5399, Truth.True)]
    [InlineData("true or false and false", 0, Truth.True)]
    [InlineData("not false and true", 0, Truth.True)]
    [InlineData("time >= 22:00 or time < 06:30", 0, Truth.True)]
    [InlineData("time >= 22:00 and time < 23:00", 0, Truth.False)]
    [InlineData("tpm>=1 and tpm<=1", 1, Truth.True)]
    [InlineData("if(tpm > 10, 4, 2) == 4", 11, Truth.True)]
    [InlineData("if(tpm > 10, 4, 2) == 2", 10, Truth.True)]
    [InlineData("if(instances == 2, 1, tpm) == 1", Missing, Truth.True)]
    [InlineData("if(tpm > 10, 4, 2) > 1", Missing, Truth.True)]
    [InlineData("if(tpm > 10, 4, 2) > 3", Missing, Truth.Unknown)]
    [InlineData("if(tpm > 10, tpm, 2) > 1", Missing, Truth.Unknown)]
    [InlineData(" tpm\n  >   1 ", 2, Truth.True)]
    public void A_condition_is_true_false_or_unknown(string text, double tpm, object expected)
    {
        var table = new ReadTable(Metrics);
        var condition = ExpressionCompiler.Condition(text, table);
        var slots = new Interval[Slots.FirstRead + table.Reads.Count];
        (slots[Slots.Instances], slots[Slots.Healthy], slots[Slots.Staged], slots[Slots.Time]) =
            (2, 2, 0, TimeSpan.FromHours(6).TotalSeconds);
        Array.Fill<Interval>(slots, tpm, Slots.FirstRead, table.Reads.Count);
        Assert.Equal((Truth)expected, condition.Condition!(slots));
    }

    [Theory]
    [InlineData("tpn > 10", 0, "unknown name 'tpn'", "did you mean 'tpm'?")]
    [InlineData("if(tpm, 1, 2) > 1", 3, "'if' takes a condition, but this is a number", null)]
    [InlineData("if(tpm > 1, 2) > 1", 0, "if takes a condition and two numbers", "write if(tpm > 100, 4, 2)")]
    [InlineData("instance > 10", 0, "unknown name 'instance'", "did you mean 'instances'?")]
    [InlineData("tpm > 10 and cpuu < 1", 13, "unknown name 'cpuu'", "did you mean 'cpu'?")]
    [InlineData("tpm", 0, "expected a condition, but this is a number", "compare")]
    [InlineData("tpm + 1", 0, "expected a condition", null)]
    [InlineData("tpm > true", 0, "compares a number with a condition", null)]
    [InlineData("1 < tpm < 3", 0, "compares a condition with a number", "'and'")]
    [InlineData("tpm and cpu > 1", 0, "'and' takes a condition, but this is a number", null)]
    [InlineData("not tpm", 4, "'not' takes a condition", null)]
    [InlineData("time > 5", 0, "compares a time of the day with a number", "22:30")]
    [InlineData("tpm > 25:00", 6, "'25:00' is not a number", null)]
    [InlineData("tpm > 5x", 6, "'5x' is not a number", null)]
    [InlineData("tpm = 5", 4, "found '='", "'=='")]
    [InlineData("tpm > 5 && cpu > 1", 8, "found '&'", "'and'")]
    [InlineData("tpm > 5 || cpu > 1", 8, "found '|'", "'or'")]
    [InlineData("tpm >", 5, "expected a value after the operator, but found the end", null)]
    [InlineData("tpm > ) 1", 6, "found ')'", null)]
    [InlineData("(tpm > 1", 8, "expected ')', but found the end", null)]
    [InlineData("tpm > 1)", 7, "expected an operator or the end, but found ')'", null)]
    [InlineData("", 0, "empty", null)]
    [InlineData("tpm / 0 > 1", 6, "division by zero", null)]
    [InlineData("agv(tpm, 5m) > 1", 0, "unknown function 'agv'", "did you mean 'avg'?")]
    [InlineData("rate(tpm) > 1", 0, "rate takes 2 arguments", null)]
    [InlineData("rate(tpm, 5) > 1", 10, "rate takes a duration here", null)]
    [InlineData("rate(instances, 5m) > 1", 5, "'instances' is a fact of this moment", null)]
    [InlineData("rate(tpn, 5m) > 1", 5, "unknown metric 'tpn'", "did you mean 'tpm'?")]
    [InlineData("avg(tpn) > 1", 4, "unknown metric 'tpn'", "did you mean 'tpm'?")]
    [InlineData("avg(rps, 5m) > 1", 0, "'rps' is a rate already", null)]
    [InlineData("lat > 1", 0, "'lat' is a histogram", null)]
    [InlineData("avg(lat, 5m) > 1", 0, "'lat' is a histogram", null)]
    [InlineData("rate > 1", 0, "'rate' is a function", null)]
    [InlineData("p100(lat) > 1", 0, "unknown function 'p100'", null)]
    public void An_error_names_its_place_its_reason_and_the_nearest_name(string text, int offset, string message,
        string? suggestion)
    {
        var e = Assert.Throws<ExpressionException>(() => ExpressionCompiler.Condition(text, new ReadTable(Metrics)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(offset, e.Offset);
        if (suggestion is not null) Assert.Contains(suggestion, e.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_of_a_metric_become_reads_of_their_own()
    {
        var table = new ReadTable(Metrics);
        ExpressionCompiler.Condition(
            "max(tpm) > 1 or avg(tpm, 5m) > 1 or deriv(tpm, 5m) > 1 or p90(lat) > 1 or p99(lat, 5m) > 1 or p50(cpu) > 1 or rate(rps, 5m) > 1 or max(tpm) > 3",
            table);
        Assert.Equal(
            [
                "max(tpm): Last 0s Max", "avg(tpm, 5m): Avg 5m Sum", "deriv(tpm, 5m): Deriv 5m Sum", "p90(lat): Last 2m Avg q0.9",
                "p99(lat, 5m): Last 5m Avg q0.99", "p50(cpu): Last 0s Avg i0.5", "rate(rps, 5m): Rate 5m Avg",
            ],
            table.Reads.Select(read => FormattableString.Invariant(
                $"{read.Text}: {read.Query.Function} {DurationText.Format(read.Query.Window)} {read.Query.Across}")
                + (double.IsNaN(read.Query.Quantile) ? "" : FormattableString.Invariant($" q{read.Query.Quantile}"))
                + (double.IsNaN(read.InstanceQuantile) ? "" : FormattableString.Invariant($" i{read.InstanceQuantile}"))));
    }

    [Fact]
    public void Predict_is_the_newest_value_and_the_slope_ahead()
    {
        var table = new ReadTable(Metrics);
        var predict = ExpressionCompiler.Number("predict(tpm, 10m, 5m)", table);
        var slots = new Interval[Slots.FirstRead + table.Reads.Count];
        Assert.Equal(["tpm", "deriv of predict(tpm, 10m, 5m)"], table.Reads.Select(read => read.Text));
        (slots[Slots.FirstRead], slots[Slots.FirstRead + 1]) = (100, 0.5);
        Assert.Equal(250, predict.Number!(slots).Point);
        Assert.Equal("predict(tpm, 10m, 5m) 250", predict.Show(slots));
    }

    [Fact]
    public void Evaluating_allocates_nothing()
    {
        var table = new ReadTable(Metrics);
        var condition = ExpressionCompiler.Condition("tpm > 10 * instances and (cpu / healthy > 60% or not max(tpm, cpu, 3) < 1)",
            table).Condition!;
        var slots = new Interval[Slots.FirstRead + table.Reads.Count];
        Array.Fill<Interval>(slots, 3);
        condition(slots);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) condition(slots);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Deep_or_long_expressions_are_refused_and_never_overflow()
    {
        foreach (var text in new[] { new string('(', 900), new string('-', 990), string.Concat(Enumerable.Repeat("not ", 240)),
            new string('1', 2000), string.Join('+', Enumerable.Repeat("1", 490)) })
        {
            Assert.Throws<ExpressionException>(() => ExpressionCompiler.Condition(text, new ReadTable(Metrics)));
        }
    }

    private static PolicyMetric Metric(string name, MetricQuery query) => new(name, query, default);
}
