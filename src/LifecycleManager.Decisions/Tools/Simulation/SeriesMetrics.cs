using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Decisions.Tools.Simulation;

/// <summary>
/// Metrics from series: each named metric's value as it is defined, one series or one per instance; what rules derive from it
/// (<c>avg(tpm, 5m)</c>) is computed as the collector does from scrapes at that interval of instances that started with the
/// series, unless a series has that very text for its name.
/// </summary>
internal sealed class SeriesMetrics : IMetricReader
{
    private readonly Dictionary<MetricQuery, Source> _sources = [];
    private readonly DateTimeOffset _start;
    private readonly TimeSpan _interval;

    /// <param name="policy">Whose metrics.</param>
    /// <param name="series">By name: one array, or one per instance.</param>
    /// <param name="start">The time of the first values.</param>
    /// <param name="interval">The time between values.</param>
    public SeriesMetrics(Policy policy, IReadOnlyDictionary<string, double[][]> series, DateTimeOffset start, TimeSpan interval)
    {
        (_start, _interval) = (start, interval);
        foreach (var read in policy.Reads)
        {
            if (series.TryGetValue(read.Text, out var own))
            {
                _sources[read.Query] = new Source(read.Text, own);
                continue;
            }

            var metric = policy.Metrics.FirstOrDefault(metric => IsOf(metric.Query, read.Query));
            if (metric is null || !series.TryGetValue(metric.Name, out var values)) continue;
            var derived = metric.Query.Function != read.Query.Function || metric.Query.Window != read.Query.Window;
            _sources[read.Query] = derived && read.Query.Source != MetricSource.Histogram
                ? new Source(metric.Name, values) { Samples = [.. values.Select(Samples)] }
                : new Source(metric.Name, values);
        }
    }

    /// <summary>How many instances serve now.</summary>
    public int Ready { get; set; }

    /// <summary>How many instances start still.</summary>
    public int Starting { get; set; }

    /// <summary>
    /// What an instance has of a column while it starts, where the column's one value is that of each that serves; null where it
    /// has none.
    /// </summary>
    public Func<string, double?>? OfStarting { get; init; }

    /// <summary>How old what is read is; zero for the present.</summary>
    public TimeSpan Lag { get; init; }

    /// <summary>Gives a column's values in place of the recorded ones, where that depends on the simulation.</summary>
    public Func<string, double, double>? Adjust { get; set; }

    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now)
    {
        if (!_sources.TryGetValue(query, out var source)) return MetricReading.Unknown("the test has no series for it");
        if (source.Series.Length == 1)
        {
            var (value, range) = Value(source, 0, query, now);
            if (Start(source) is { } start) return WithStarting(query, value, range, start, now);
            return value == SeriesNotation.Idle ? IdleNow() : double.IsNaN(value) ? MetricReading.Unknown("no sample", Ready)
                : new MetricReading(value, null, Ready, Ready, now) { Range = range };
        }

        var (join, idle, silent) = (new InstanceJoin(query), 0, 0);
        for (var i = 0; i < Math.Min(Ready, source.Series.Length); i++)
        {
            var (value, range) = Value(source, i, query, now);
            if (value == SeriesNotation.Idle)
            {
                idle++;
                join.AddResting();
            }
            else if (double.IsNaN(value))
            {
                silent++;
                join.AddSilent();
            }
            else
            {
                join.Add(value, range);
            }
        }

        return join.Reporting > 0 ? join.Reading(Ready, now)
            : idle > 0 && silent == 0 ? IdleNow()
            : MetricReading.Unknown("no sample", Ready);
    }

    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (!_sources.TryGetValue(query, out var source)) return;
        if (source.Series.Length < 2)
        {
            if (Start(source) is not { } start) return;
            var (one, of) = Value(source, 0, query, now);
            if (!double.IsFinite(one)) return;
            for (var i = 0; i < Ready; i++)
                into.Add(new InstanceReading($"instance-{i}", one, Ready: true, null) { Range = of, Expected = true });
            for (var i = 0; i < Starting; i++)
            {
                into.Add(new InstanceReading($"instance-{Ready + i}", start, Ready: false, null)
                {
                    Range = start,
                    Expected = false,
                });
            }

            return;
        }

        for (var i = 0; i < Math.Min(Ready, source.Series.Length); i++)
        {
            var (value, range) = Value(source, i, query, now);
            var isIdle = value == SeriesNotation.Idle;
            into.Add(new InstanceReading($"instance-{i}", isIdle ? double.NaN : value, Ready: true,
                isIdle ? "nothing to tell" : double.IsNaN(value) ? "no sample" : null)
            {
                Range = isIdle ? Interval.Unknown : range,
                Expected = !isIdle,
            });
        }
    }

    private double? Start(Source source) => Starting > 0 ? OfStarting?.Invoke(source.Name) : null;

    /// <summary>The one value of those that serve, beside those that start.</summary>
    private MetricReading WithStarting(MetricQuery query, double value, Interval range, double start, DateTimeOffset now)
    {
        var join = new InstanceJoin(query);
        for (var i = 0; i < Ready && double.IsFinite(value); i++) join.Add(value, range);
        for (var i = 0; i < Starting; i++) join.AddResting(start);
        return join.Reporting > 0 ? join.Reading(Ready + Starting, now)
            : MetricReading.Unknown("it starts", Ready) with { Absence = Ready == 0 ? Absence.Starting : Absence.Missing };
    }

    private MetricReading IdleNow() =>
        MetricReading.Unknown("nothing to tell", Ready) with { Absence = Absence.Idle, Source = SourceState.Answers };

    private static bool IsOf(MetricQuery metric, MetricQuery query) =>
        metric.Source == query.Source && metric.Selector == query.Selector && metric.Scrape == query.Scrape
        && Origin(metric) == Origin(query);

    private static SourceSettings Origin(MetricQuery query) => (query.From ?? new SourceSettings()) with { Across = null };

    private (double Value, Interval Range) Value(Source source, int instance, MetricQuery query, DateTimeOffset at)
    {
        var now = at - Lag;
        var index = (now - _start).Ticks / _interval.Ticks;
        if (index < 0 || index >= source.Series[instance].Length) return (double.NaN, Interval.Unknown);
        if (source.Series[instance][index] == SeriesNotation.Idle) return (SeriesNotation.Idle, Interval.Unknown);
        var (value, range) = source.Samples is { } samples ? Derive(samples[instance], query, now)
            : Plain(source.Series[instance][index]);
        return Adjust is null ? (value, range) : Adjusted(Adjust(source.Name, value), range.IsPoint, query);
    }

    private (double Value, Interval Range) Derive(Sample[] samples, MetricQuery query, DateTimeOffset now)
    {
        var staleness = (long)Staleness.Default(_interval).TotalMilliseconds;
        return WindowReader.Read(query, samples, now.ToUnixTimeMilliseconds(), staleness, Milliseconds(0), out var read)
            == WindowOutcome.Value
            && double.IsFinite(read.Value)
                ? (read.Value, read.Range)
                : (double.NaN, Interval.Unknown);
    }

    private static (double Value, Interval Range) Plain(double value) => (value, value);

    // What was computed for other instances than there are says nothing of how far a bound is off.
    private static (double Value, Interval Range) Adjusted(double value, bool isWhole, MetricQuery query) =>
        (value, isWhole ? value : WindowFill.Range(query, value));

    private Sample[] Samples(double[] values) =>
        [.. values.Select((value, i) => new Sample(Milliseconds(i), value)).Where(sample => double.IsFinite(sample.Value))];

    private long Milliseconds(int index) => (_start + (index * _interval)).ToUnixTimeMilliseconds();

    /// <summary>Where a read's values come from.</summary>
    /// <param name="Name">The series.</param>
    /// <param name="Series">The values, by instance.</param>
    private sealed record Source(string Name, double[][] Series)
    {
        /// <summary>
        /// The samples of which a window is read, by instance; null where the series has the values themselves.
        /// </summary>
        public Sample[][]? Samples { get; init; }
    }
}
