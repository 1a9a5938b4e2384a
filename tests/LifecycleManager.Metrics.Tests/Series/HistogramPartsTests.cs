using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Tests.Series;

/// <summary>Classic and native histograms of an app's instances, alone and together.</summary>
public sealed class HistogramPartsTests
{
    private static readonly MetricQuery Median = new() { Source = MetricSource.Histogram, Selector = "h", Quantile = 0.5 };

    // 30 observations up to 1, 10 more up to 2, 60 more up to 4.
    private static readonly NativeHistogram Native = new()
    {
        Schema = 0,
        Count = 100,
        Sum = 200,
        Positive = new NativeBuckets([0, 1, 2], [30, 10, 60]),
    };

    private static readonly Bucket[] Classic = [new(1, 30), new(2, 40), new(4, 100), new(double.PositiveInfinity, 100)];

    private static SeriesSet Set(bool native, bool classic, double factor = 1)
    {
        var set = new SeriesSet(new Lock()) { Retention = 3_600_000 };
        for (var i = 1; i <= 3; i++)
        {
            if (native) set.Get("").Append(i * 15_000, Native.Multiply(i * factor), 3_600_000, 100);
            if (!classic) continue;
            foreach (var (bound, count) in Classic)
                set.Get($"le={bound}", bound).Samples.Append(new Sample(i * 15_000, count * i * factor), 3_600_000, 100);
        }

        return set;
    }

    private static double Quantile(double quantile, params SeriesSet[] sets)
    {
        var parts = new HistogramParts();
        var newest = 0L;
        foreach (var set in sets)
            Assert.Null(SeriesReader.AddHistogram(set, Median, 46_000, 60_000, 0, ref parts, ref newest, out _));
        var value = parts.Quantile(quantile);
        parts.Dispose();
        return value;
    }

    [Fact]
    public void A_native_histogram_is_interpolated_on_a_logarithmic_scale()
    {
        // The middle of the bucket from 2 to 4 is reached at 70 of 100.
        Assert.Equal(2 * Math.Sqrt(2), Quantile(0.7, Set(native: true, classic: false)), 1e-12);
        Assert.Equal(3, Quantile(0.7, Set(native: false, classic: true)), 1e-12);
    }

    [Fact]
    public void Of_an_instance_that_gives_both_the_native_one_counts_alone() =>
        Assert.Equal(2 * Math.Sqrt(2), Quantile(0.7, Set(native: true, classic: true)), 1e-12);

    [Fact]
    public void Instances_with_one_kind_each_are_one_distribution_in_classic_buckets()
    {
        Assert.Equal(3, Quantile(0.7, Set(native: true, classic: false), Set(native: false, classic: true)), 1e-12);
        Assert.Equal(3, Quantile(0.7, Set(native: true, classic: false, 5), Set(native: false, classic: true)), 1e-12);
    }

    [Fact]
    public void A_native_histogram_has_a_rate_and_without_observations_in_the_window_it_is_idle()
    {
        var query = Median with { Window = TimeSpan.FromSeconds(60), Quantile = 0.7 };
        var set = Set(native: true, classic: false);
        Assert.Equal(2 * Math.Sqrt(2), SeriesReader.Read(set, query, 46_000, 60_000, 0).Value, 1e-12);
        set.Get("").Append(60_000, Native.Multiply(3), 3_600_000, 100);
        var idle = SeriesReader.Read(set, query with { Window = TimeSpan.FromSeconds(20) }, 61_000, 60_000, 0);
        Assert.Equal(("the histogram has no observation in the window", true), (idle.Missing, idle.IsIdle));
        var few = SeriesReader.Read(set, query with { Window = TimeSpan.FromSeconds(5) }, 61_000, 60_000, 0);
        Assert.Contains("fewer than two samples", few.Missing, StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_that_shows_no_bucket_but_infinity_is_not_taken_for_idle()
    {
        var set = new SeriesSet(new Lock()) { Retention = 3_600_000 };
        set.Get("", double.PositiveInfinity).Samples.Append(new Sample(45_000, 7), 3_600_000, 100);
        var value = SeriesReader.Read(set, Median, 46_000, 60_000, 0);
        Assert.Contains("it is native, which text cannot carry", value.Missing, StringComparison.Ordinal);
        Assert.False(value.IsIdle);
    }
}
