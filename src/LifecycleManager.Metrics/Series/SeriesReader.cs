using System.Globalization;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>Reads values out of series sets: the pure side of a query.</summary>
internal static class SeriesReader
{
    /// <summary>
    /// One set's value: the function over each series, joined as the query joins the series of an instance, as a rule by their
    /// sum. Those of a source without instances are joined as the query joins instances.
    /// </summary>
    /// <param name="set">The series.</param>
    /// <param name="query">What is read.</param>
    /// <param name="now">The window's end, milliseconds since 1970.</param>
    /// <param name="staleness">After how many milliseconds a sample no longer stands for the present.</param>
    /// <param name="born">When the instance had started, milliseconds since 1970; 0 where that is not known.</param>
    public static SeriesValue Read(SeriesSet set, MetricQuery query, long now, long staleness, long born)
    {
        if (query.Source == MetricSource.Histogram) return ReadQuantile(set, query, now, staleness, born);
        if (query.Window <= TimeSpan.Zero && WindowFunctions.Least(query.Function) > 1)
            return SeriesValue.None(NeedsWindow(query));
        var (value, range, newest) = (double.NaN, Interval.Unknown, 0L);
        var isStarting = false;
        var within = WithinInstance(query);
        lock (set.SyncRoot)
        {
            var (found, few, starting, unobserved) = (0, false, 0, false);
            foreach (var series in set.Series)
            {
                if (series.Gone) continue;
                var outcome = WindowReader.Read(query, series.Samples.Samples, now, staleness, born, out var one);
                few |= outcome == WindowOutcome.TooFew;
                if (outcome is not (WindowOutcome.Value or WindowOutcome.Starting)) continue;
                if (outcome == WindowOutcome.Starting) starting++;
                else if (double.IsNaN(one.Value) && query.NaNIsIdle) unobserved = true;
                if (double.IsNaN(one.Value) && (query.NaNIsIdle || outcome == WindowOutcome.Starting)) continue;
                newest = Math.Max(newest, one.Newest);
                (value, range) = found++ == 0
                    ? (one.Value, one.Range)
                    : (InstanceJoin.Join(within, value, one.Value), InstanceJoin.Join(within, range, one.Range));
            }

            isStarting = starting > 0 && found <= starting;
            if (found == 0)
            {
                if (isStarting) return SeriesValue.None("it has started just now") with { IsStarting = true };
                if (unobserved) return SeriesValue.None("there was no observation", idle: true);
                return few ? SeriesValue.None(TooFew(query)) : SeriesValue.None(WhyNone(set, now, staleness, out var hasNone),
                    query.TellsOfEvents && hasNone);
            }

            if (within == Aggregation.Avg && found > 1) (value, range) = (value / found, range / found);
        }

        return double.IsFinite(value)
            ? new SeriesValue(value, range, newest, null, false) { IsStarting = isStarting }
            : SeriesValue.None(string.Create(CultureInfo.InvariantCulture, $"the value is {value}"));
    }

    // What `across` says is of instances.
    private static Aggregation WithinInstance(MetricQuery query) =>
        query.Source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Container
            ? query.Within : query.Across;

    private static SeriesValue ReadQuantile(SeriesSet set, MetricQuery query, long now, long staleness, long born)
    {
        var parts = new HistogramParts();
        var newest = 0L;
        try
        {
            if (AddHistogram(set, query, now, staleness, born, ref parts, ref newest, out var rest) is { } missing)
                return SeriesValue.None(missing, rest == Rest.Idle) with { IsStarting = rest == Rest.Starting };
            var value = parts.Quantile(query.Quantile);
            return double.IsFinite(value)
                ? new SeriesValue(value, value, newest, null, false)
                : SeriesValue.None(parts.NoQuantile, parts.IsEmpty);
        }
        finally
        {
            parts.Dispose();
        }
    }

    /// <summary>
    /// Adds the set's buckets and native histograms, or their rates over the window, to <paramref name="into"/>. Of an instance
    /// that has both, the native ones alone: the others are the same observations.
    /// </summary>
    /// <returns>
    /// Why there are none, or null; where the instance answers and has observed nothing yet, it is idle, and where only what it
    /// observed while it started is there, it starts.
    /// </returns>
    public static string? AddHistogram(
        SeriesSet set, MetricQuery query, long now, long staleness, long born, ref HistogramParts into, ref long newest,
        out Rest rest)
    {
        rest = Rest.None;
        if (double.IsNaN(query.Quantile)) return "a histogram is read through a quantile, and none is given";
        var window = (long)query.Window.TotalMilliseconds;
        var from = window > 0 ? now - window : now - staleness;
        var since = Math.Max(from + 1, born);
        lock (set.SyncRoot)
        {
            var (found, few, starting) = (false, false, false);
            var isNative = HasNative(set, now, staleness);
            foreach (var series in set.Series)
            {
                if (!IsFresh(series, now, staleness) || series.Histograms is null == isNative) continue;
                var samples = series.Samples.Between(since, now);
                if (born > from && samples.Length < (window > 0 ? 2 : 1) && series.Samples.Samples[0].Time < born)
                {
                    starting = true;
                    continue;
                }

                if (!TryAdd(series, samples, window > 0, from, now, since, ref into))
                {
                    few = true;
                    continue;
                }

                found = true;
                newest = Math.Max(newest, samples[^1].Time);
            }

            if (found) return null;
            if (starting) rest = Rest.Starting;
            if (starting || few) return starting ? "it has started just now" : TooFew(query);
            var reason = WhyNone(set, now, staleness, out var hasNone);
            if (hasNone) rest = Rest.Idle;
            return reason;
        }
    }

    private static bool TryAdd(
        StoredSeries series, ReadOnlySpan<Sample> samples, bool isRate, long from, long now, long since, ref HistogramParts into)
    {
        if (series.Histograms is { } histograms)
        {
            var native = histograms.Between(since, now);
            var histogram = isRate ? NativeWindow.Rate(native, from, now) : native.Length > 0 ? native[^1].Value : null;
            if (histogram is not null) into.Add(histogram);
            return histogram is not null;
        }

        if (!WindowFunctions.TryApply(isRate ? WindowFunction.Rate : WindowFunction.Last, samples, from, now, out var one))
            return false;
        into.Add(new Bucket(series.UpperBound, one));
        return true;
    }

    private static bool HasNative(SeriesSet set, long now, long staleness)
    {
        foreach (var series in set.Series)
        {
            if (series.Histograms is not null && IsFresh(series, now, staleness)) return true;
        }

        return false;
    }

    private static bool IsFresh(StoredSeries series, long now, long staleness) =>
        !series.Gone && WindowReader.IsFresh(series.Samples.Between(long.MinValue + 1, now), now, staleness);

    private static string TooFew(MetricQuery query) =>
        $"fewer than two samples in the last {Text(query.Window)}: {Name(query)} needs two";

    private static string NeedsWindow(MetricQuery query) => $"{Name(query)} needs a window";

    /// <summary>The time of a set's newest sample, milliseconds since 1970; 0 where it has none.</summary>
    public static long Newest(SeriesSet set)
    {
        lock (set.SyncRoot)
        {
            long newest = 0;
            foreach (var series in set.Series)
            {
                if (series.Samples.Count > 0) newest = Math.Max(newest, series.Samples.Samples[^1].Time);
            }

            return newest;
        }
    }

    /// <param name="set">The set.</param>
    /// <param name="now">The window's end.</param>
    /// <param name="staleness">How long a sample stands.</param>
    /// <param name="hasNone">
    /// Whether the instance answers and has none of what is known to exist: other instances, or it itself before, had it, or
    /// every service of its kind makes it with the first call. What never was anywhere may be a slip of the pen.
    /// </param>
    private static string WhyNone(SeriesSet set, long now, long staleness, out bool hasNone)
    {
        hasNone = set is { Problem: not null, IsRefused: false } && (set.Sighting.Seen || set.IsNotMadeYet);
        long newest = 0;
        foreach (var series in set.Series)
        {
            if (series.Samples.Count > 0) newest = Math.Max(newest, series.Samples.Samples[^1].Time);
        }

        if (newest == 0 || set.Problem is not null) return set.Problem ?? "not scraped yet";
        hasNone = newest > now - staleness;
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
    /// <summary>Whether it rests on samples of the time alone in which the instance started.</summary>
    public bool IsStarting { get; init; }

    public static SeriesValue None(string reason, bool idle = false) => new(double.NaN, Interval.Unknown, 0, reason, idle);
}

/// <summary>Why an instance that has nothing to tell is not silent.</summary>
internal enum Rest
{
    None,
    Idle,
    Starting,
}
