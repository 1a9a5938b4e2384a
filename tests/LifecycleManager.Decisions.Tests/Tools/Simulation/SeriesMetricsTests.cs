using CsCheck;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Decisions.Tests.Tools.Simulation;

/// <summary>
/// What a policy test or a replay computes of a series is what the collector would have told of the same scrapes.
/// </summary>
public sealed class SeriesMetricsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly string[] Functions = ["avg", "min", "max", "sum", "rate", "increase", "delta", "deriv"];

    [Fact]
    public void A_counter_that_was_silent_for_two_scrapes_has_one_rate()
    {
        var (tool, collector) = Read("rate", 60, SeriesNotation.Parse("0 15 30 45 _ _ 90 105 120"), 8);
        Assert.Equal(0.625, collector, 12);
        Assert.Equal(collector, tool);
    }

    [Fact]
    public void The_tools_and_the_collector_compute_the_same_of_any_series() =>
        Gen.Select(
            Gen.Int[0, Functions.Length - 1].Select(i => Functions[i]),
            Gen.Int[1, 40],
            Gen.Frequency((4, Gen.Int[0, 1000].Select(value => value / 8.0)), (1, Gen.Bool.Select(_ => double.NaN))).Array[1, 40],
            Gen.Int[0, 39])
        .Sample((function, scrapes, values, at) =>
        {
            var (tool, collector) = Read(function, scrapes * 15 / 2, values, Math.Min(at, values.Length - 1));
            Assert.Equal(collector, tool);
        }, iter: 2000);

    private static (double Tool, double Collector) Read(string function, int window, double[] values, int at)
    {
        var policy = Assert.Single(PolicyParser.Parse("test.yml", $$"""
            policy: p
            app: /a
            instances: { min: 1, max: 10 }
            metrics:
              m: { prometheus: requests_total }
            rules:
              - rule: r
                when: {{function}}(m, {{Math.Max(1, window)}}s) > 10
                then: { add: 1 }
            """).Policies);
        var query = policy.Reads.Single(read => read.Query.Function != WindowFunction.Last).Query;
        var now = Start + (at * Interval);

        var tool = new SeriesMetrics(policy, new Dictionary<string, double[][]> { ["m"] = [values] }, Start,
            Interval)
        { Ready = 1 };

        var set = new SeriesSet(new Lock());
        var series = set.Get("requests_total");
        for (var i = 0; i <= at; i++)
        {
            if (double.IsNaN(values[i])) continue;
            series.Samples.Append(new Sample((Start + (i * Interval)).ToUnixTimeMilliseconds(), values[i]), long.MaxValue / 4,
                4096);
        }

        var collected = SeriesReader.Read(set, query, now.ToUnixTimeMilliseconds(), 45_000, Start.ToUnixTimeMilliseconds());
        var told = tool.Read("/a", query, now);
        if (collected.Missing is null) Assert.Equal(collected.Range, told.Range);
        return (told.Value, collected.Value);
    }
}
