using CsCheck;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>What instances that should report and do not leave open of a reading.</summary>
public class SilentInstancesTests
{
    private const double Inf = double.PositiveInfinity;

    private static MetricQuery Query(
        string selector = "m", Aggregation across = Aggregation.Sum, WindowFunction function = WindowFunction.Last,
        int window = 0) => new()
        {
            Source = MetricSource.Prometheus,
            Selector = selector,
            Across = across,
            Function = function,
            Window = TimeSpan.FromSeconds(window),
        };

    private static (int, double)[][] One(params (int, double)[] samples) => [samples];

    private static MetricReading Read(MetricQuery query, params (int, double)[][][] instances) =>
        ReadTests.Read(query, (_, target) => target, instances);

    [Theory]
    [InlineData("m", Aggregation.Max, 10, Inf, 10)]
    [InlineData("m", Aggregation.Min, -Inf, 2, 0)]
    [InlineData("m", Aggregation.Sum, -Inf, Inf, 12)]
    [InlineData("m", Aggregation.Avg, -Inf, Inf, 3)]
    [InlineData("m", Aggregation.Count, 2, 4, 2)]
    [InlineData("m_total", Aggregation.Max, 10, Inf, 10)]
    [InlineData("m_total", Aggregation.Min, 0, 2, 0)]
    [InlineData("m_total", Aggregation.Sum, 12, Inf, 12)]
    [InlineData("m_total", Aggregation.Avg, 3, Inf, 3)]
    [InlineData("m_total", Aggregation.Count, 2, 4, 2)]
    public void A_reading_is_what_the_silent_could_make_of_it(string selector, Aggregation across, double low, double high,
        double floor)
    {
        var query = Query(selector, across);
        var reading = Read(query, One((5, 2)), One((50, 7)), One((5, 10)), One());
        Assert.Equal((new Interval(low, high), floor), (reading.Range, reading.Floor));
        Assert.Equal((2, 2, 4), (reading.Reporting, reading.Silent, reading.Instances));
        var all = Read(query, One((5, 2)), One((5, 10)));
        Assert.Equal((all.Value, all.Value, 0), (all.Range.Point, all.Floor, all.Silent));
    }

    [Fact]
    public void Those_that_start_are_not_silent_and_those_that_have_become_unhealthy_are()
    {
        var query = Query();
        Assert.Equal(2, Silent((_, target) => target with { Started = ReadTests.Now.AddSeconds(-15) }));
        Assert.Equal(2, Silent((_, target) => target with { Healthy = false, IsChecked = true }));
        Assert.Equal(1, Silent((i, target) => i == 1 ? target with { Started = ReadTests.Now.AddSeconds(-9) } : target));
        Assert.Equal(1, Silent((i, target) => i == 1 ? target with { Healthy = null, IsChecked = true } : target));

        int Silent(Func<int, Target, Target> targets) => ReadTests.Read(query, targets, [One((5, 2)), One(), One()]).Silent;
    }

    [Fact]
    public void What_answers_and_has_counted_nothing_is_idle_and_a_gauge_that_is_not_there_is_not()
    {
        Assert.Equal(2, Of(Query("c_total")).Range.Point);
        Assert.Equal(new Interval(double.NegativeInfinity, Inf), Of(Query("g")).Range);

        static MetricReading Of(MetricQuery query) =>
            ReadTests.Read(query, (_, target) => target, [One((5, 2)), One()], i => i == 1 ? "no series matches" : null);
    }

    [Theory]
    // A sample each 10 s: all of the minute, its first half missing, its second; the scrape before the newest missing.
    [InlineData(WindowFunction.Rate, "60 50 40 30 20 10 0", true)]
    [InlineData(WindowFunction.Rate, "50 40 30 20 10", true)]
    [InlineData(WindowFunction.Rate, "30 20 10 0", false)]
    [InlineData(WindowFunction.Rate, "60 50 40 30", false)]
    [InlineData(WindowFunction.Rate, "60 50 20 10 0", true)]
    [InlineData(WindowFunction.Increase, "30 20 10 0", false)]
    [InlineData(WindowFunction.Sum, "60 50 40 30 20 10 0", true)]
    [InlineData(WindowFunction.Sum, "10 0", false)]
    [InlineData(WindowFunction.Max, "10 0", false)]
    [InlineData(WindowFunction.Min, "60 0", false)]
    [InlineData(WindowFunction.Avg, "10 0", true)]
    [InlineData(WindowFunction.Last, "0", true)]
    public void A_window_that_an_instance_has_not_filled_is_a_bound(WindowFunction function, string ago, bool full)
    {
        var samples = ago.Split(' ').Select(int.Parse).Select(second => (second, 1000.0 + (60 - second))).ToArray();
        var query = Query(function == WindowFunction.Sum ? "m_total" : "m", function: function, window: 60);
        var reading = Read(query, One(samples), One([.. Enumerable.Range(0, 7).Select(i => (60 - (i * 10), 1000.0 + (i * 10)))]));
        Assert.Equal(full, reading.Range.IsPoint);
        Assert.Equal(full ? 0 : 1, reading.Unfilled);
        Assert.InRange(reading.Value, reading.Range.Low, reading.Range.High);
    }

    [Fact]
    public void An_instance_that_began_within_the_window_has_filled_it()
    {
        var samples = One((20, 500), (10, 700), (0, 900));
        Assert.False(Read(Query(function: WindowFunction.Rate, window: 60), samples).Range.IsPoint);
        // A counter that was at 0 just before its first sample began there.
        Assert.True(Read(Query(function: WindowFunction.Rate, window: 60), One((20, 200), (10, 400), (0, 600))).Range.IsPoint);
        Assert.True(ReadTests.Read(
            Query(function: WindowFunction.Rate, window: 60), (_, target) =>
                target with { Started = ReadTests.Now.AddSeconds(-40) }, [samples]).Range.IsPoint);
    }

    [Fact]
    public void A_quantile_of_all_observations_is_open_while_an_instance_is_silent()
    {
        var query = new MetricQuery { Source = MetricSource.Histogram, Selector = "h", Quantile = 0.5 };
        var (all, some) = (Of("8", "8"), Of("8", null));
        Assert.Equal((1, 1), (all.Range.Point, all.Floor));
        Assert.Equal((Interval.Open, 1, 1), (some.Range, some.Floor, some.Silent));
        Assert.Equal(1, ReadTests.Read(query, (_, target) => target, [Buckets(8), One()], i => i == 1
            ? "no series matches" : null).Range.Point);

        MetricReading Of(params string?[] counts) =>
            Read(query, [.. counts.Select(count => count is null
                ? One() : Buckets(double.Parse(count, System.Globalization.CultureInfo.InvariantCulture)))]);

        // Half of the observations up to 1, all up to 2.
        static (int, double)[][] Buckets(double count) => [[(5, count / 2)], [(5, count)], [(5, count)]];
    }

    /// <summary>
    /// Whatever the instances have, and whichever of them are silent or were silent for the first part of the window: the reading
    /// of the rest contains that of all.
    /// </summary>
    [Fact]
    public void A_reading_contains_what_all_instances_come_to() => Gen.Select(
        Gen.Enum<Aggregation>(), Gen.Enum<WindowFunction>()
        .Where(function => function is not (WindowFunction.Avg or WindowFunction.Delta or WindowFunction.Deriv)),
        Gen.Bool, Gen.Select(Gen.Int[0, 2], Gen.Int[3, 12], Gen.Int[-40, 40].Array[13]).Array[1, 5])
        .Sample((across, function, counter, instances) =>
        {
            var query = Query(counter ? "m_total" : "m", across, function, 60);
            counter |= function is WindowFunction.Rate or WindowFunction.Increase;
            var all = instances.Select(instance => One([.. Samples(instance.Item3)])).ToArray();
            // 0: whole; 1: silent; 2: silent at first, for longer than a scrape that fails.
            var some = instances.Select((instance, i) => instance.Item1 switch
            {
                0 => all[i],
                1 => One(),
                _ => One(all[i][0][instance.Item2..]),
            }).ToArray();
            var (whole, reading) = (Read(query, all), Read(query, some));
            if (!reading.IsKnown) return true;
            var slack = 1e-9 * Math.Abs(whole.Value);
            return whole.Value >= reading.Range.Low - slack && whole.Value <= reading.Range.High + slack
                && reading.Floor >= reading.Range.Low
                && (reading.Silent + reading.Unfilled > 0 || reading.Range.Point.Equals(reading.Value));

            IEnumerable<(int, double)> Samples(int[] values)
            {
                var total = 10_000.0;
                for (var i = 0; i < values.Length; i++)
                    yield return (60 - (i * 5), counter ? total += Math.Abs(values[i]) : values[i]);
            }
        });
}
