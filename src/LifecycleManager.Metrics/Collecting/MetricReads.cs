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
                Expected = RestOf(view, bound, i, one, at) == Rest.None,
                Range = one.Range,
            });
        }
    }

    private static MetricReading ReadJoined(CollectedView view, BoundQuery bound, in Instant at, int instances)
    {
        var (join, newest, none) = (new InstanceJoin(bound.Query), 0L, new NoValue());
        for (var i = 0; i < bound.Sets.Length; i++)
        {
            var one = ReadOne(view, bound, i, at);
            var rest = RestOf(view, bound, i, one, at);
            none.See(i, one.Missing ?? "it starts", rest);
            if (rest != Rest.None)
            {
                join.AddResting(one.Value);
            }
            else if (one.Missing is null)
            {
                join.Add(one.Value, one.Range);
                newest = Math.Max(newest, one.Newest);
            }
            else if (bound.HasInstances)
            {
                join.AddSilent();
            }
        }

        var reading = join.Reporting == 0
            ? Missing(view, bound, none, instances, at)
            : join.Reading(instances, DateTimeOffset.FromUnixTimeMilliseconds(newest));
        return bound.HasInstances ? reading : reading with { Note = bound.Sets[0].Note };
    }

    // One distribution of all instances' observations: a quantile of quantiles means nothing.
    private static MetricReading ReadMerged(CollectedView view, BoundQuery bound, in Instant at, int instances)
    {
        var (reporting, silent, newest, none) = (0, 0, 0L, new NoValue());
        var parts = new HistogramParts();
        try
        {
            for (var i = 0; i < bound.Sets.Length; i++)
            {
                // What an instance observes while it starts says nothing of the others' load.
                if (IsStarting(view, bound, i, at))
                {
                    none.See(i, "it starts", Rest.Starting);
                }
                else if (SeriesReader.AddHistogram(bound.Sets[i], bound.Query, at.Time, at.Staleness, Born(view, bound, i, at),
                    ref parts, ref newest, out var rest) is { } reason)
                {
                    if (rest == Rest.Idle && !Answers(bound, i, at)) rest = Rest.None;
                    none.See(i, Down(bound, i, reason), rest);
                    if (rest == Rest.None) silent++;
                }
                else
                {
                    reporting++;
                }
            }

            if (reporting == 0) return Missing(view, bound, none, instances, at);
            var value = parts.Quantile(bound.Query.Quantile);
            if (!double.IsFinite(value))
            {
                return MetricReading.Unknown(parts.NoQuantile, instances) with
                {
                    Source = SourceOf(view, bound, at),
                    Absence = silent == 0 && parts.IsEmpty ? Absence.Idle : Absence.Missing,
                };
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
            parts.Dispose();
        }
    }

    private static SeriesValue ReadOne(CollectedView view, BoundQuery bound, int index, in Instant at)
    {
        var value = SeriesReader.Read(bound.Sets[index], bound.Query, at.Time, at.Staleness, Born(view, bound, index, at));
        return value.Missing is null ? value : value with { Missing = Down(bound, index, value.Missing) };
    }

    /// <summary>When an instance had started, milliseconds since 1970; 0 where it starts still or that is not known.</summary>
    private static long Born(CollectedView view, BoundQuery bound, int index, in Instant at) =>
        bound.HasInstances && view.Instances[index].StartedUp(at.Startup) is { } started && started <= at.Now
            ? started.ToUnixTimeMilliseconds() : 0;

    /// <summary>
    /// Why an instance need have no value: it starts still, or its endpoint answers and nothing has happened there yet.
    /// </summary>
    private static Rest RestOf(CollectedView view, BoundQuery bound, int index, in SeriesValue one, in Instant at) =>
        one.IsStarting || IsStarting(view, bound, index, at) ? Rest.Starting
        : one.IsIdle && Answers(bound, index, at) ? Rest.Idle
        : Rest.None;

    private static bool IsStarting(CollectedView view, BoundQuery bound, int index, in Instant at) =>
        bound.HasInstances && !view.Instances[index].IsExpected(at.Now, at.Startup);

    /// <summary>
    /// Whether the last scrape, as a whole, worked, and was not long ago: else that it had nothing is no fact. What has no job is
    /// not asked, so that nothing is known against it.
    /// </summary>
    private static bool Answers(BoundQuery bound, int index, in Instant at) =>
        bound.Jobs[index]?.Status is not { } status || (status.Up == true
            && status.LastScrape?.ToUnixTimeMilliseconds() > at.Time - at.Staleness);

    // Where the target is down that is the better reason.
    private static string Down(BoundQuery bound, int index, string missing) =>
        bound.Jobs[index]?.Status is { Up: false, Error: { } error } ? $"down: {error}" : missing;

    private static MetricReading Missing(CollectedView view, BoundQuery bound, in NoValue none, int instances, Instant at) =>
        MetricReading.Unknown(
            !bound.HasInstances ? none.Reason
            : instances == 1 ? $"{view.Instances[none.Index].Target.Id}: {none.Reason}"
            : $"none of {instances} instances reports it; {view.Instances[none.Index].Target.Id}: {none.Reason}",
            instances) with
        {
            Source = SourceOf(view, bound, at),
            Absence = none.Absence,
        };

    /// <summary>One that answers shows that the app is not cut off; of those that start nothing is expected.</summary>
    private static SourceState SourceOf(CollectedView view, BoundQuery bound, in Instant at)
    {
        var state = SourceState.Unasked;
        for (var i = 0; i < bound.Sets.Length; i++)
        {
            if (bound.HasInstances && !view.Instances[i].IsExpected(at.Now, at.Startup)) continue;

            // What nobody scrapes for this query alone (containers' statistics, pushed samples) has answered with its newest
            // sample; so has what is refused while the rest of the scrape works.
            var isRefused = bound.Sets[i].IsRefused;
            var (known, last) = !isRefused && bound.Jobs[i] is { Status: var status }
                ? (status.Up is not null, status.Up == true ? status.LastScrape?.ToUnixTimeMilliseconds() ?? 0 : 0)
                : (isRefused || SeriesReader.Newest(bound.Sets[i]) > 0, SeriesReader.Newest(bound.Sets[i]));
            if (!known) continue;
            if (last > at.Time - at.Staleness) return SourceState.Answers;
            state = SourceState.Silent;
        }

        return state;
    }

    /// <summary>
    /// Why no instance has a value: the first reason of the gravest kind. One that is silent could have any value, whatever the
    /// others are; one that is idle tells of the load, one that starts does not.
    /// </summary>
    private struct NoValue()
    {
        public int Index { get; private set; } = -1;

        public string Reason { get; private set; } = "";

        public Absence Absence { get; private set; }

        public void See(int index, string reason, Rest rest)
        {
            var absence = rest switch { Rest.None => Absence.Missing, Rest.Idle => Absence.Idle, _ => Absence.Starting };
            if (Index < 0 || absence < Absence) (Index, Reason, Absence) = (index, reason, absence);
        }
    }

    private readonly record struct Instant(DateTimeOffset Now, long Time, long Staleness, TimeSpan Startup);
}
