using System.Buffers;
using System.Globalization;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>Reads values out of series sets: the pure side of a query.</summary>
internal static class SeriesReader
{
    /// <summary>
    /// One set's value: the function over each series, joined by sum; by the least or greatest where instances are joined so too.
    /// </summary>
    /// <param name="set">The series.</param>
    /// <param name="query">What is read.</param>
    /// <param name="now">The window's end, milliseconds since 1970.</param>
    /// <param name="staleness">After how many milliseconds a sample no longer stands for the present.</param>
    /// <param name="born">When the instance started, milliseconds since 1970; 0 where that is not known.</param>
    public static SeriesValue Read(SeriesSet set, MetricQuery query, long now, long staleness, long born)
    {
        if (query.Source == MetricSource.Histogram) return ReadQuantile(set, query, now, staleness);
        if (query.Window <= TimeSpan.Zero && WindowFunctions.Least(query.Function) > 1)
            return SeriesValue.None(NeedsWindow(query));
        var (value, range, newest) = (double.NaN, Interval.Unknown, 0L);
        lock (set.Gate)
        {
            var found = 0;
            var few = false;
            foreach (var series in set.Series)
            {
                if (series.Gone) continue;
                var outcome = WindowReader.Read(query, series.Samples.Samples, now, staleness, born, out var one);
                few |= outcome == WindowOutcome.TooFew;
                if (outcome != WindowOutcome.Value) continue;
                newest = Math.Max(newest, one.Newest);
                (value, range) = found++ == 0
                    ? (one.Value, one.Range)
                    : (InstanceJoin.Join(query.Across, value, one.Value), InstanceJoin.Join(query.Across, range, one.Range));
            }

            if (found == 0)
            {
                return few ? SeriesValue.None(TooFew(query)) : SeriesValue.None(WhyNone(set, now, staleness, out var answered),
                    query.CountsEvents && answered);
            }
        }

        return double.IsFinite(value)
            ? new SeriesValue(value, range, newest, null, false)
            : SeriesValue.None(string.Create(CultureInfo.InvariantCulture, $"the value is {value}"));
    }

    private static SeriesValue ReadQuantile(SeriesSet set, MetricQuery query, long now, long staleness)
    {
        var buckets = new BucketList();
        var newest = 0L;
        try
        {
            if (AddBuckets(set, query, now, staleness, ref buckets, ref newest, out var idle) is { } missing)
                return SeriesValue.None(missing, idle);
            var value = HistogramQuantile.Estimate(query.Quantile, buckets.Buckets);
            return double.IsFinite(value)
                ? new SeriesValue(value, value, newest, null, false)
                : SeriesValue.None("the histogram has no observation in the window", idle: true);
        }
        finally
        {
            buckets.Dispose();
        }
    }

    /// <summary>Adds the set's buckets, or their rates over the window, to <paramref name="into"/>.</summary>
    /// <returns>Why there are none, or null; where the instance answers and has observed nothing yet, it is idle.</returns>
    public static string? AddBuckets(
        SeriesSet set, MetricQuery query, long now, long staleness, ref BucketList into, ref long newest, out bool idle)
    {
        idle = false;
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

            return found ? null : few ? TooFew(query) : WhyNone(set, now, staleness, out idle);
        }
    }

    private static bool IsFresh(StoredSeries series, long now, long staleness) =>
        !series.Gone && WindowReader.IsFresh(series.Samples.Between(long.MinValue + 1, now), now, staleness);

    private static string TooFew(MetricQuery query) =>
        $"fewer than two samples in the last {Text(query.Window)}: {Name(query)} needs two";

    private static string NeedsWindow(MetricQuery query) => $"{Name(query)} needs a window";

    /// <summary>The time of a set's newest sample, milliseconds since 1970; 0 where it has none.</summary>
    public static long Newest(SeriesSet set)
    {
        lock (set.Gate)
        {
            long newest = 0;
            foreach (var series in set.Series)
            {
                if (series.Samples.Count > 0) newest = Math.Max(newest, series.Samples.Samples[^1].Time);
            }

            return newest;
        }
    }

    private static string WhyNone(SeriesSet set, long now, long staleness, out bool answered)
    {
        answered = set.Problem is not null;
        long newest = 0;
        foreach (var series in set.Series)
        {
            if (series.Samples.Count > 0) newest = Math.Max(newest, series.Samples.Samples[^1].Time);
        }

        if (newest == 0 || set.Problem is not null) return set.Problem ?? "not scraped yet";
        answered = newest > now - staleness;
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

    private static string Text(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalSeconds, 1)} s");
}

/// <summary>What one set of series comes to.</summary>
/// <param name="Value">The value; NaN where there is none.</param>
/// <param name="Range">What the value can really be: a point, unless samples are missing in the window.</param>
/// <param name="Newest">The time of the newest sample that took part, milliseconds since 1970.</param>
/// <param name="Missing">Why there is no value; null where there is one.</param>
/// <param name="IsIdle">Whether there is none since the instance answers and has counted nothing yet.</param>
internal readonly record struct SeriesValue(double Value, Interval Range, long Newest, string? Missing, bool IsIdle)
{
    public static SeriesValue None(string reason, bool idle = false) => new(double.NaN, Interval.Unknown, 0, reason, idle);
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
