using CsCheck;
using LifecycleManager.Metrics.Collecting;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>Reading without a network: views made by hand.</summary>
public class ReadTests
{
    private static readonly double[] Bounds = [1, 2, double.PositiveInfinity];
    internal static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000);
    private static readonly TimeSpan Staleness = TimeSpan.FromSeconds(45);

    private static MetricQuery Query(
        WindowFunction function = WindowFunction.Last, int window = 0, Aggregation across = Aggregation.Avg) =>
        new()
        {
            Source = MetricSource.Prometheus,
            Selector = "m",
            Function = function,
            Window = TimeSpan.FromSeconds(window),
            Across = across
        };

    // One set an instance; each series a list of (seconds before now, value).
    private static MetricReading Read(MetricQuery query, params (int Ago, double Value)[][][] instances) =>
        Read(query, (_, target) => target, instances);

    internal static MetricReading Read(
        MetricQuery query, Func<int, Target, Target> targets, (int Ago, double Value)[][][] instances,
        Func<int, string?>? problem = null)
    {
        var made = instances.Select((_, i) =>
            new CollectedInstance(targets(i, new Target($"i{i}", "/a", "h", [1], null, true)),
                new TargetApp("/a", AppMetricsLabels.None)))
            .ToArray();
        // What one instance has exists.
        var sighting = new Sighting { Seen = instances.Any(all => all.Any(series => series.Length > 0)) };
        var sets = instances.Select((all, i) =>
        {
            var set = new SeriesSet(made[i].SyncRoot)
            {
                Retention = 3_600_000,
                Problem = problem?.Invoke(i),
                Sighting = sighting,
            };
            foreach (var (series, n) in all.Select((series, n) => (series, n)))
            {
                foreach (var (ago, value) in series)
                    set.Get($"{n}", query.Source == MetricSource.Histogram
                        ? Bounds[n] : double.NaN).Samples.Append(new Sample(1_000_000 - ago * 1000, value), set.Retention, 1000);
            }

            return set;
        }).ToArray();
        var view = new CollectedView(null, made, []);
        return MetricReads.Read(view, new BoundQuery(query, null, sets, new ScrapeJob?[sets.Length], true), Now, Staleness,
            TimeSpan.FromSeconds(10));
    }

    private static (int, double)[] At(params (int, double)[] samples) => samples;

    [Theory]
    [InlineData(Aggregation.Sum, 17)]
    [InlineData(Aggregation.Avg, 8.5)]
    [InlineData(Aggregation.Min, 7)]
    [InlineData(Aggregation.Max, 10)]
    [InlineData(Aggregation.Count, 2)]
    public void Series_within_an_instance_are_added_up_before_instances_are_joined(
        Aggregation across, double expected)
    {
        var reading = Read(Query(across: across), [At((5, 2)), At((5, 5))], [At((8, 10))], []);
        Assert.Equal(expected, reading.Value);
        Assert.Equal((2, 3), (reading.Reporting, reading.Instances));
        Assert.Equal(Now.AddSeconds(-5), reading.NewestSample);
    }

    [Theory]
    [InlineData(Aggregation.Sum, 13)]
    [InlineData(Aggregation.Avg, 6.5)]
    [InlineData(Aggregation.Min, 5)]
    [InlineData(Aggregation.Max, 8)]
    public void A_policy_says_how_the_series_of_an_instance_are_joined_and_how_instances_are(Aggregation within, double expected)
    {
        var query = Query(across: Aggregation.Max) with { Within = within };
        Assert.Equal(expected, Read(query, [At((5, 5)), At((5, 8))], [At((8, 1)), At((8, 2))]).Value);
        Assert.Equal(4, Read(query, [At((5, 4))]).Value);
    }

    [Fact]
    public void A_sample_stands_for_the_present_until_it_is_stale_whatever_the_window()
    {
        Assert.Equal(3, Read(Query(), [At((44, 3))]).Value);
        Assert.Equal("i0: stale: the newest sample is 45 s old", Read(Query(), [At((45, 3))]).Missing);
        Assert.Equal("i0: stale: the newest sample is 50 s old",
            Read(Query(WindowFunction.Avg, 600), [At((100, 1), (50, 3))]).Missing);
    }

    [Fact]
    public void Samples_ahead_of_the_instant_asked_for_are_not_seen() =>
        Assert.Equal(1, Read(Query(), [At((10, 1), (-10, 2))]).Value);

    [Fact]
    public void A_rate_needs_two_samples_and_a_window()
    {
        Assert.Equal("i0: fewer than two samples in the last 30 s: rate needs two",
            Read(Query(WindowFunction.Rate, 30), [At((40, 1), (5, 3))]).Missing);
        Assert.Equal("i0: rate needs a window", Read(Query(WindowFunction.Rate), [At((20, 1), (5, 3))]).Missing);
        Assert.Equal(0.1, Read(Query(WindowFunction.Rate, 30), [At((30, 0), (20, 1), (10, 2), (0, 3))]).Value, 1e-12);
    }

    [Fact]
    public void What_is_not_finite_is_missing_and_does_not_spoil_what_is()
    {
        Assert.Equal("i0: the value is NaN", Read(Query(), [At((5, double.NaN))]).Missing);
        Assert.Equal("none of 2 instances reports it; i0: the value is Infinity",
            Read(Query(), [At((5, double.PositiveInfinity))], []).Missing);
        Assert.Equal(4, Read(Query(), [At((5, double.NaN))], [At((5, 4))]).Value);
        Assert.Equal("the instances together come to no finite number",
            Read(Query(across: Aggregation.Sum), [At((5, 1.7e308))], [At((5, 1.7e308))]).Missing);
    }

    [Fact]
    public void A_counter_that_starts_again_never_makes_a_rate_negative() => Gen.Double[0, 1e9].Array[2, 40].Sample(
        values =>
        {
            var samples = values.Select((value, i) => (values.Length - 1 - i, value)).ToArray();
            return Read(Query(WindowFunction.Rate, 100), [samples]).Value >= 0;
        });

    [Fact]
    public void Reading_allocates_nothing_where_there_is_a_value()
    {
        var instance = new CollectedInstance(new Target("i", "/a", "h", [1], null, true),
            new TargetApp("/a", AppMetricsLabels.None));
        var set = new SeriesSet(instance.SyncRoot) { Retention = 3_600_000 };
        for (var i = 0; i < 20; i++) set.Get("").Samples.Append(new Sample(1_000_000 - (20 - i) * 1000, i), set.Retention, 1000);
        var view = new CollectedView(null, [instance], []);
        var bound = new BoundQuery(Query(WindowFunction.Rate, 30), null, [set], [null], true);
        for (var i = 0; i < 100; i++) MetricReads.Read(view, bound, Now, Staleness);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) MetricReads.Read(view, bound, Now, Staleness);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
