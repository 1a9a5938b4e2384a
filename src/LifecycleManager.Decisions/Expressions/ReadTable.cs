using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>The metrics a policy's expressions may name, and the reads they turned into.</summary>
internal class ReadTable(IReadOnlyList<PolicyMetric> metrics)
{
    private static readonly TimeSpan HistogramWindow = TimeSpan.FromMinutes(1);
    private readonly List<MetricRead> _reads = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>What has to be read, in slot order from <see cref="Slots.FirstRead"/>.</summary>
    public IReadOnlyList<MetricRead> Reads => _reads;

    /// <summary>The names that expressions have used.</summary>
    public IReadOnlySet<string> Used => _used;

    /// <summary>Whether an expression divides a metric by a metric, so that it can be idle though both are known.</summary>
    public bool HasRatio { get; set; }

    /// <summary>Every name that means something.</summary>
    public virtual IEnumerable<string> Names => metrics.Select(metric => metric.Name).Concat(Slots.Facts);

    /// <summary>The slot of a fact of this moment; -1 where the name is none.</summary>
    /// <exception cref="ArgumentException">The name is a fact in another form.</exception>
    public virtual int Fact(string name) => Array.IndexOf(Slots.Facts, name);

    /// <summary>The slot of a function over what a name stands for; -1 where the name stands for one value.</summary>
    /// <exception cref="ArgumentException">The function cannot be had of it.</exception>
    public virtual int Aggregate(string function, string name) => -1;

    /// <summary>Why a name has neither history nor instances to join; null where it may have.</summary>
    public virtual (string Message, string? Suggestion)? Momentary(string name) => Array.IndexOf(Slots.Facts, name) >= 0
        ? ($"'{name}' is a fact of this moment and has no history", null)
        : null;

    /// <summary>A metric by name; null where there is none.</summary>
    public PolicyMetric? Find(string name)
    {
        _used.Add(name);
        return metrics.FirstOrDefault(metric => metric.Name == name);
    }

    /// <summary>The slot of a metric as it is defined.</summary>
    /// <exception cref="ArgumentException">The metric has no value of its own.</exception>
    public int Plain(PolicyMetric metric)
    {
        if (metric.Query.Source == MetricSource.Histogram && double.IsNaN(metric.Query.Quantile))
        {
            throw new ArgumentException($"'{metric.Name}' is a histogram: give it a quantile, or read it as p95({metric.Name})");
        }

        return Slot(metric.Name, metric.Query, metric.OnIdle);
    }

    /// <summary>The slot of a metric whose instances are joined in another way.</summary>
    public int Joined(PolicyMetric metric, string text, Aggregation across)
    {
        var query = Scalar(metric);
        // What has one value is that, however it is joined.
        return Slot(text, !query.HasServer ? query with { Across = across }
            : query.Source is MetricSource.PromQl or MetricSource.Json || query.From?.Across is not null
            ? query with { From = (query.From ?? new SourceSettings()) with { Across = across } } : query, metric.OnIdle);
    }

    /// <summary>The slot of a function over a window of a metric.</summary>
    public int Windowed(PolicyMetric metric, string text, WindowFunction function, TimeSpan window)
    {
        var query = Scalar(metric);
        if (query.Function is not (WindowFunction.Last or WindowFunction.Avg or WindowFunction.Min or WindowFunction.Max
            or WindowFunction.Sum)
            && function != query.Function)
        {
            throw new ArgumentException(
                $"'{metric.Name}' is a {query.Function.ToString().ToLowerInvariant()} already; "
                + "define a metric without it for this");
        }

        return Slot(text, query with { Function = function, Window = window }, metric.OnIdle);
    }

    /// <summary>The slot of a quantile: of the histogram, or over the instances of any other metric.</summary>
    public int Quantile(PolicyMetric metric, string text, double quantile, TimeSpan? window)
    {
        var query = metric.Query;
        if (query.Source == MetricSource.Histogram)
        {
            var span = window ?? (query.Window > TimeSpan.Zero ? query.Window : HistogramWindow);
            return Slot(text, query with { Quantile = quantile, Window = span }, metric.OnIdle);
        }

        if (query.HasServer)
        {
            throw new ArgumentException($"'{metric.Name}' has no instances to take a quantile of");
        }

        if (window is { } given)
        {
            if (query.Function is not (WindowFunction.Last or WindowFunction.Avg))
                throw new ArgumentException($"'{metric.Name}' has a window already");
            query = query with { Function = WindowFunction.Avg, Window = given };
        }

        return Slot(text, query, metric.OnIdle, quantile);
    }

    private static MetricQuery Scalar(PolicyMetric metric) => metric.Query.Source != MetricSource.Histogram
        ? metric.Query
        : throw new ArgumentException($"'{metric.Name}' is a histogram: read it as p95({metric.Name}) or p95({metric.Name}, 5m)");

    private int Slot(string text, MetricQuery query, IdleMetric onIdle, double instanceQuantile = double.NaN)
    {
        var index = _reads.FindIndex(read =>
            read.Query == query && read.OnIdle == onIdle && read.InstanceQuantile.Equals(instanceQuantile));
        if (index < 0)
        {
            index = _reads.Count;
            _reads.Add(new MetricRead(text, query, instanceQuantile, onIdle));
        }

        return Slots.FirstRead + index;
    }
}
