using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Windows;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>Answers queries from an app's view.</summary>
internal static class MetricReads
{
    /// <summary>Joins the instances. Allocates nothing where every instance has a value.</summary>
    public static MetricReading Read(AppView view, BoundQuery bound, DateTimeOffset now, TimeSpan staleness)
    {
        var query = bound.Query;
        var instances = bound.HasInstances ? view.Instances.Length : 0;
        if (bound.Problem is not null) return MetricReading.Unknown(bound.Problem, view.Instances.Length);
        if (bound.HasInstances && instances == 0) return MetricReading.Unknown(view.Absent ?? "no instance runs");
        var (at, stale) = (now.ToUnixTimeMilliseconds(), (long)staleness.TotalMilliseconds);
        return query is { Source: MetricSource.Histogram, Across: Aggregation.Avg or Aggregation.Sum }
            ? ReadMerged(view, bound, at, stale, instances)
            : ReadJoined(view, bound, at, stale, instances);
    }

    /// <summary>One reading an instance.</summary>
    public static void ReadInstances(
        AppView view, BoundQuery bound, DateTimeOffset now, TimeSpan staleness, TimeSpan startup,
        ICollection<InstanceReading> into)
    {
        if (!bound.HasInstances) return;
        for (var i = 0; i < view.Instances.Length; i++)
        {
            var instance = view.Instances[i];
            var value = double.NaN;
            var missing = bound.Problem
                ?? ReadOne(bound, i, now.ToUnixTimeMilliseconds(), (long)staleness.TotalMilliseconds, out value, out _);
            if (missing is not null) value = double.NaN;
            into.Add(new InstanceReading(instance.Target.Id, value, instance.IsReady(now, startup), missing));
        }
    }

    private static MetricReading ReadJoined(AppView view, BoundQuery bound, long now, long staleness, int instances)
    {
        var (joined, reporting, newest) = (0.0, 0, 0L);
        (int Index, string Reason)? missing = null;
        for (var i = 0; i < bound.Sets.Length; i++)
        {
            if (ReadOne(bound, i, now, staleness, out var value, out var time) is { } reason)
            {
                missing ??= (i, reason);
                continue;
            }

            joined = reporting++ == 0 ? value : SeriesReader.Join(bound.Query.Across, joined, value);
            newest = Math.Max(newest, time);
        }

        if (reporting == 0) return Missing(view, bound, missing!.Value.Index, missing.Value.Reason, instances, now, staleness);
        if (bound.Query.Across == Aggregation.Count) joined = reporting;
        if (bound.Query.Across == Aggregation.Avg) joined /= reporting;
        return Known(joined, reporting, instances, newest);
    }

    // One distribution of all instances' observations: a quantile of quantiles means nothing.
    private static MetricReading ReadMerged(AppView view, BoundQuery bound, long now, long staleness, int instances)
    {
        var (reporting, newest) = (0, 0L);
        (int Index, string Reason)? missing = null;
        var buckets = new BucketList();
        try
        {
            for (var i = 0; i < bound.Sets.Length; i++)
            {
                if (SeriesReader.AddBuckets(bound.Sets[i], bound.Query, now, staleness, ref buckets, ref newest) is { } reason)
                    missing ??= (i, Down(bound, i, reason));
                else reporting++;
            }

            if (reporting == 0) return Missing(view, bound, missing!.Value.Index, missing.Value.Reason, instances, now, staleness);
            var value = HistogramQuantile.Estimate(bound.Query.Quantile, buckets.Buckets);
            return double.IsFinite(value)
                ? Known(value, reporting, instances, newest)
                : MetricReading.Unknown("the histogram has no observation in the window", instances);
        }
        finally
        {
            buckets.Dispose();
        }
    }

    private static string? ReadOne(BoundQuery bound, int index, long now, long staleness, out double value, out long newest)
    {
        var missing = SeriesReader.TryRead(bound.Sets[index], bound.Query, now, staleness, out value, out newest);
        return missing is null ? null : Down(bound, index, missing);
    }

    // Where the target is down that is the better reason.
    private static string Down(BoundQuery bound, int index, string missing) =>
        bound.Jobs[index]?.Status is { Up: false, Error: { } error } ? $"down: {error}" : missing;

    private static MetricReading Known(double value, int reporting, int instances, long newest) => double.IsFinite(value)
        ? new MetricReading(value, null, reporting, instances, DateTimeOffset.FromUnixTimeMilliseconds(newest))
        : MetricReading.Unknown("the instances together come to no finite number", instances);

    private static MetricReading Missing(AppView view, BoundQuery bound, int index, string reason, int instances, long now, long staleness) =>
        MetricReading.Unknown(
            !bound.HasInstances ? reason
            : instances == 1 ? $"{view.Instances[index].Target.Id}: {reason}"
            : $"none of {instances} instances reports it; {view.Instances[index].Target.Id}: {reason}",
            instances) with { IsSourceSilent = IsSilent(bound, now, staleness) };

    /// <summary>Some of what was asked does not answer, and none does.</summary>
    private static bool IsSilent(BoundQuery bound, long now, long staleness)
    {
        var silent = false;
        foreach (var job in bound.Jobs)
        {
            if (job?.Status is not { Up: { } up } status) continue;
            if (up && status.LastScrape is { } last && last.ToUnixTimeMilliseconds() > now - staleness) return false;
            silent = true;
        }

        return silent;
    }
}
