using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>Answers queries from an app's view.</summary>
internal static class MetricReads
{
    /// <summary>Joins the instances. Allocates nothing where every instance has a value.</summary>
    public static MetricReading Read(CollectedView view, BoundQuery bound, DateTimeOffset now, TimeSpan staleness,
        TimeSpan startup = default)
    {
        var query = bound.Query;
        var instances = bound.HasInstances ? view.Instances.Length : 0;
        if (bound.Problem is not null) return MetricReading.Unknown(bound.Problem, view.Instances.Length);
        if (bound.HasInstances && instances == 0) return MetricReading.Unknown(view.Absent ?? "no instance runs");
        var at = new Instant(now, now.ToUnixTimeMilliseconds(), (long)staleness.TotalMilliseconds, startup);
        return query is { Source: MetricSource.Histogram, Across: Aggregation.Avg or Aggregation.Sum }
            ? ReadMerged(view, bound, at, instances)
            : ReadJoined(view, bound, at, instances);
    }

    /// <summary>One reading an instance.</summary>
    public static void ReadInstances(
        CollectedView view, BoundQuery bound, DateTimeOffset now, TimeSpan staleness, TimeSpan startup,
        ICollection<InstanceReading> into)
    {
        if (!bound.HasInstances) return;
        var at = new Instant(now, now.ToUnixTimeMilliseconds(), (long)staleness.TotalMilliseconds, startup);
        for (var i = 0; i < view.Instances.Length; i++)
        {
            var instance = view.Instances[i];
            var one = bound.Problem is { } problem ? SeriesValue.None(problem) : ReadOne(view, bound, i, at);
            into.Add(new InstanceReading(instance.Target.Id, one.Value, instance.IsReady(now, startup), one.Missing)
            {
                Expected = IsExpected(view, bound, i, one.IsIdle, at),
                Range = one.Range,
            });
        }
    }

    private static MetricReading ReadJoined(CollectedView view, BoundQuery bound, in Instant at, int instances)
    {
        var (join, newest) = (new InstanceJoin(bound.Query), 0L);
        (int Index, string Reason)? missing = null;
        for (var i = 0; i < bound.Sets.Length; i++)
        {
            var one = ReadOne(view, bound, i, at);
            if (one.Missing is { } reason)
            {
                missing ??= (i, reason);
                if (IsExpected(view, bound, i, one.IsIdle, at)) join.AddSilent();
                continue;
            }

            join.Add(one.Value, one.Range);
            newest = Math.Max(newest, one.Newest);
        }

        return join.Reporting == 0
            ? Missing(view, bound, missing!.Value.Index, missing.Value.Reason, instances, at)
            : join.Reading(instances, DateTimeOffset.FromUnixTimeMilliseconds(newest));
    }

    // One distribution of all instances' observations: a quantile of quantiles means nothing.
    private static MetricReading ReadMerged(CollectedView view, BoundQuery bound, in Instant at, int instances)
    {
        var (reporting, silent, newest) = (0, 0, 0L);
        (int Index, string Reason)? missing = null;
        var buckets = new BucketList();
        try
        {
            for (var i = 0; i < bound.Sets.Length; i++)
            {
                if (SeriesReader.AddBuckets(bound.Sets[i], bound.Query, at.Time, at.Staleness, ref buckets, ref newest,
                    out var idle) is { } reason)
                {
                    missing ??= (i, Down(bound, i, reason));
                    if (IsExpected(view, bound, i, idle, at)) silent++;
                }
                else
                {
                    reporting++;
                }
            }

            if (reporting == 0) return Missing(view, bound, missing!.Value.Index, missing.Value.Reason, instances, at);
            var value = HistogramQuantile.Estimate(bound.Query.Quantile, buckets.Buckets);
            if (!double.IsFinite(value))
            {
                return MetricReading.Unknown("the histogram has no observation in the window",
                    instances) with
                { Source = SourceOf(view, bound, at) };
            }


            // The silent ones may have observed anything; taken for idle, nothing.
            return new MetricReading(value, null, reporting, instances, DateTimeOffset.FromUnixTimeMilliseconds(newest))
            {
                Range = silent > 0 ? Interval.Open : value,
                Floor = value,
                Silent = silent,
            };
        }
        finally
        {
            buckets.Dispose();
        }
    }

    private static SeriesValue ReadOne(CollectedView view, BoundQuery bound, int index, in Instant at)
    {
        var born = bound.HasInstances ? view.Instances[index].Target.Started?.ToUnixTimeMilliseconds() ?? 0 : 0;
        var value = SeriesReader.Read(bound.Sets[index], bound.Query, at.Time, at.Staleness, born);
        return value.Missing is null ? value : value with { Missing = Down(bound, index, value.Missing) };
    }

    /// <summary>
    /// Whether an instance should have a value: it does not start any more and, where it answers, is not just idle.
    /// </summary>
    private static bool IsExpected(CollectedView view, BoundQuery bound, int index, bool idle, in Instant at) =>
        bound.HasInstances && (!idle || IsDown(bound, index)) && view.Instances[index].IsExpected(at.Now, at.Startup);

    private static bool IsDown(BoundQuery bound, int index) => bound.Jobs[index]?.Status is { Up: false };

    // Where the target is down that is the better reason.
    private static string Down(BoundQuery bound, int index, string missing) =>
        bound.Jobs[index]?.Status is { Up: false, Error: { } error } ? $"down: {error}" : missing;

    private static MetricReading Missing(CollectedView view, BoundQuery bound, int index, string reason, int instances,
        Instant at) =>
        MetricReading.Unknown(
            !bound.HasInstances ? reason
            : instances == 1 ? $"{view.Instances[index].Target.Id}: {reason}"
            : $"none of {instances} instances reports it; {view.Instances[index].Target.Id}: {reason}",
            instances) with
        { Source = SourceOf(view, bound, at) };

    /// <summary>One that answers shows that the app is not cut off; of those that start nothing is expected.</summary>
    private static SourceState SourceOf(CollectedView view, BoundQuery bound, in Instant at)
    {
        var state = SourceState.Unasked;
        for (var i = 0; i < bound.Sets.Length; i++)
        {
            if (bound.HasInstances && !view.Instances[i].IsExpected(at.Now, at.Startup)) continue;

            // What nobody scrapes for this query alone (containers' statistics, pushed samples) has answered with its newest
            // sample.
            var (known, last) = bound.Jobs[i] is { Status: var status }
                ? (status.Up is not null, status.Up == true ? status.LastScrape?.ToUnixTimeMilliseconds() ?? 0 : 0)
                : (SeriesReader.Newest(bound.Sets[i]) > 0, SeriesReader.Newest(bound.Sets[i]));
            if (!known) continue;
            if (last > at.Time - at.Staleness) return SourceState.Answers;
            state = SourceState.Silent;
        }

        return state;
    }

    private readonly record struct Instant(DateTimeOffset Now, long Time, long Staleness, TimeSpan Startup);
}
