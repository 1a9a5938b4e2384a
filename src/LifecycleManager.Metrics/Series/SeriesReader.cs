using System.Buffers;
using System.Globalization;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>Reads values out of series sets: the pure side of a query.</summary>
internal static class SeriesReader
{
    /// <summary>
    /// One set's value: the function over each series, joined by sum; by the least or greatest where instances are joined so too.
    /// </summary>
    /// <returns>Why there is no value, or null.</returns>
    public static string? TryRead(SeriesSet set, MetricQuery query, long now, long staleness, out double value, out long newest)
    {
        (value, newest) = (double.NaN, 0);
        if (query.Source == MetricSource.Histogram)
        {
            var buckets = new BucketList();
            try
            {
                var missing = AddBuckets(set, query, now, staleness, ref buckets, ref newest);
                if (missing is not null) return missing;
                value = HistogramQuantile.Estimate(query.Quantile, buckets.Buckets);
                return double.IsFinite(value) ? null : "the histogram has no observation in the window";
            }
            finally
            {
                buckets.Dispose();
            }
        }

        var window = (long)query.Window.TotalMilliseconds;
        if (window <= 0 && WindowFunctions.Least(query.Function) > 1) return NeedsWindow(query);
        lock (set.Gate)
        {
            var found = 0;
            var few = false;
            foreach (var series in set.Series)
            {
                if (!IsFresh(series, now, staleness)) continue;
                var from = window > 0 ? now - window : now - staleness;
                var samples = series.Samples.Between(from, now);
                // Without a window every function sees the newest sample alone.
                if (window <= 0) samples = samples[^1..];
                if (!WindowFunctions.TryApply(query.Function, samples, from, now, out var one))
                {
                    few = true;
                    continue;
                }

                newest = Math.Max(newest, samples[^1].Time);
                value = found++ == 0 ? one : Join(query.Across, value, one);
            }

            if (found == 0) return few ? TooFew(query) : WhyNone(set, now, staleness);
        }

        return double.IsFinite(value) ? null : string.Create(CultureInfo.InvariantCulture, $"the value is {value}");
    }

    /// <summary>Adds the set's buckets, or their rates over the window, to <paramref name="into"/>.</summary>
    public static string? AddBuckets(SeriesSet set, MetricQuery query, long now, long staleness, ref BucketList into, ref long newest)
    {
        if (double.IsNaN(query.Quantile)) return "a histogram is read through a quantile, and none is given";
        var window = (long)query.Window.TotalMilliseconds;
        var from = window > 0 ? now - window : now - staleness;
        lock (set.Gate)
        {
            var found = false;
            var few = false;
            foreach (var series in set.Series)
            {
                if (!IsFresh(series, now, staleness)) continue;
                var samples = series.Samples.Between(from, now);
                var function = window > 0 ? WindowFunction.Rate : WindowFunction.Last;
                if (!WindowFunctions.TryApply(function, samples, from, now, out var one))
                {
                    few = true;
                    continue;
                }

                found = true;
                newest = Math.Max(newest, samples[^1].Time);
                into.Add(new Bucket(series.UpperBound, one));
            }

            return found ? null : few ? TooFew(query) : WhyNone(set, now, staleness);
        }
    }

    public static double Join(Aggregation across, double left, double right) => across switch
    {
        Aggregation.Min => Math.Min(left, right),
        Aggregation.Max => Math.Max(left, right),
        _ => left + right,
    };

    private static bool IsFresh(StoredSeries series, long now, long staleness)
    {
        if (series.Gone) return false;
        var samples = series.Samples.Samples;
        for (var i = samples.Length - 1; i >= 0; i--)
        {
            if (samples[i].Time <= now) return samples[i].Time > now - staleness;
        }

        return false;
    }

    private static string TooFew(MetricQuery query) =>
        $"fewer than two samples in the last {Text(query.Window)}: {Name(query)} needs two";

    private static string NeedsWindow(MetricQuery query) => $"{Name(query)} needs a window";

    private static string WhyNone(SeriesSet set, long now, long staleness)
    {
        long newest = 0;
        foreach (var series in set.Series)
        {
            if (series.Samples.Count > 0) newest = Math.Max(newest, series.Samples.Samples[^1].Time);
        }

        if (newest == 0 || set.Problem is not null) return set.Problem ?? "not scraped yet";
        return newest <= now - staleness
            ? $"stale: the newest sample is {Text(TimeSpan.FromMilliseconds(now - newest))} old"
            : "the series is gone: the last scrape did not have it";
    }

    private static string Name(MetricQuery query) => query.Source == MetricSource.Histogram ? "a quantile" : query.Function switch
    {
        WindowFunction.Rate => "rate",
        WindowFunction.Increase => "increase",
        WindowFunction.Delta => "delta",
        WindowFunction.Deriv => "deriv",
        _ => query.Function.ToString(),
    };

    private static string Text(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalSeconds, 1)} s");
}

/// <summary>A growing list of buckets in pooled memory.</summary>
internal ref struct BucketList
{
    private Bucket[]? _buckets;
    private int _count;

    public readonly Span<Bucket> Buckets => _buckets.AsSpan(0, _count);

    public void Add(Bucket bucket)
    {
        if (_buckets is null || _count == _buckets.Length)
        {
            var larger = ArrayPool<Bucket>.Shared.Rent(Math.Max(64, _count * 2));
            Buckets.CopyTo(larger);
            if (_buckets is not null) ArrayPool<Bucket>.Shared.Return(_buckets);
            _buckets = larger;
        }

        _buckets[_count++] = bucket;
    }

    public readonly void Dispose()
    {
        if (_buckets is not null) ArrayPool<Bucket>.Shared.Return(_buckets);
    }
}
