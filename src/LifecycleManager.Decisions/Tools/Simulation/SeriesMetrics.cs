using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Windows;

namespace LifecycleManager.Decisions.Tools.Simulation;

/// <summary>
/// Metrics from series: each named metric's value as it is defined, one series or one per instance; what rules derive from it
/// (<c>avg(tpm, 5m)</c>) is computed, unless a series has that very text for its name.
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
                _sources[read.Query] = new Source(read.Text, own, Derived: false);
                continue;
            }

            var metric = policy.Metrics.FirstOrDefault(metric => IsOf(metric.Query, read.Query));
            if (metric is null || !series.TryGetValue(metric.Name, out var values)) continue;
            var derived = metric.Query.Function != read.Query.Function || metric.Query.Window != read.Query.Window;
            _sources[read.Query] = new Source(metric.Name, values, derived && read.Query.Source != MetricSource.Histogram);
        }
    }

    /// <summary>How many instances serve now.</summary>
    public int Ready { get; set; }

    /// <summary>Gives a column's values in place of the recorded ones, where that depends on the simulation.</summary>
    public Func<string, double, double>? Adjust { get; set; }

    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now)
    {
        if (!_sources.TryGetValue(query, out var source)) return MetricReading.Unknown("the test has no series for it");
        if (source.Series.Length == 1)
        {
            var (value, range) = Value(source, source.Series[0], query, now);
            return double.IsNaN(value) ? MetricReading.Unknown("no sample", Ready) : new MetricReading(value, null, Ready, Ready, now) { Range = range };
        }

        var join = new InstanceJoin(query);
        foreach (var series in source.Series.AsSpan(0, Math.Clamp(Ready, 0, source.Series.Length)))
        {
            var (value, range) = Value(source, series, query, now);
            if (double.IsNaN(value)) join.AddSilent();
            else join.Add(value, range);
        }

        return join.Reporting == 0 ? MetricReading.Unknown("no sample", Ready) : join.Reading(Ready, now);
    }

    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (!_sources.TryGetValue(query, out var source) || source.Series.Length < 2) return;
        for (var i = 0; i < Math.Min(Ready, source.Series.Length); i++)
        {
            var (value, range) = Value(source, source.Series[i], query, now);
            into.Add(new InstanceReading($"instance-{i}", value, Ready: true, double.IsNaN(value) ? "no sample" : null) { Range = range });
        }
    }

    private static bool IsOf(MetricQuery metric, MetricQuery query) =>
        metric.Source == query.Source && metric.Selector == query.Selector && metric.Scrape == query.Scrape;

    private (double Value, Interval Range) Value(Source source, double[] values, MetricQuery query, DateTimeOffset now)
    {
        var index = (now - _start).Ticks / _interval.Ticks;
        if (index < 0 || index >= values.Length) return (double.NaN, Interval.Unknown);
        var full = true;
        var value = source.Derived ? Derive(values, (int)index, query, out full) : values[index];
        if (Adjust is not null) value = Adjust(source.Name, value);
        return (value, full ? value : WindowFill.Range(query, value));
    }

    private double Derive(double[] values, int last, MetricQuery query, out bool full)
    {
        full = true;
        var first = Math.Max(0, last - (int)Math.Max(0, (query.Window.Ticks / _interval.Ticks) - 1));
        var counting = query.Function is WindowFunction.Rate or WindowFunction.Increase or WindowFunction.Delta;
        // A difference needs the sample before the window's first.
        if (counting && first > 0) first--;
        var window = values.AsSpan(first, last - first + 1);
        switch (query.Function)
        {
            case WindowFunction.Last:
                return values[last];
            case WindowFunction.Deriv:
                return Slope(window);
        }

        var (sum, min, max, count, growth, before, oldest) = (0.0, double.MaxValue, double.MinValue, 0, 0.0, double.NaN, double.NaN);
        foreach (var value in window)
        {
            if (double.IsNaN(value)) continue;
            (sum, min, max, count) = (sum + value, Math.Min(min, value), Math.Max(max, value), count + 1);
            if (double.IsNaN(oldest)) oldest = value;
            else growth += value >= before ? value - before : value;
            before = value;
        }

        if (count == 0 || (counting && count < 2)) return double.NaN;
        // Between two samples a counter goes on counting; at the window's edges it is not seen.
        full = query.Function switch
        {
            WindowFunction.Rate or WindowFunction.Increase => !double.IsNaN(window[0]) && !double.IsNaN(window[^1]),
            WindowFunction.Sum or WindowFunction.Min or WindowFunction.Max => count == window.Length,
            _ => true,
        };
        return query.Function switch
        {
            WindowFunction.Avg => sum / count,
            WindowFunction.Min => min,
            WindowFunction.Max => max,
            WindowFunction.Sum => sum,
            WindowFunction.Increase => growth,
            WindowFunction.Delta => before - oldest,
            _ => growth / ((window.Length - 1) * _interval.TotalSeconds),
        };
    }

    /// <summary>The slope per second by least squares.</summary>
    private double Slope(ReadOnlySpan<double> window)
    {
        var (n, sx, sy, sxx, sxy) = (0, 0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < window.Length; i++)
        {
            if (double.IsNaN(window[i])) continue;
            var x = i * _interval.TotalSeconds;
            (n, sx, sy, sxx, sxy) = (n + 1, sx + x, sy + window[i], sxx + (x * x), sxy + (x * window[i]));
        }

        return n < 2 ? double.NaN : ((n * sxy) - (sx * sy)) / ((n * sxx) - (sx * sx));
    }

    private sealed record Source(string Name, double[][] Series, bool Derived);
}
