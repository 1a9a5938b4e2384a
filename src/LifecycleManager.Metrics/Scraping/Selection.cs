using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>What a scrape looks for, and where it puts what it finds.</summary>
/// <param name="Key">What identifies it.</param>
/// <param name="Selector">The parsed selector.</param>
/// <param name="Set">Where the series go.</param>
internal sealed record Selection(SeriesKey Key, SeriesSelector Selector, SeriesSet Set)
{
    /// <summary>The name of the series that are looked for.</summary>
    public string SeriesName { get; } = Key.Source == MetricSource.Histogram ? Selector.Name + "_bucket" : Selector.Name;

    /// <summary>
    /// The name of what counts a histogram's observations, whether or not it shows buckets; null for what is no histogram.
    /// </summary>
    public string? CountName { get; } = Key.Source == MetricSource.Histogram ? Selector.Name + "_count" : null;

    /// <summary>Under which names endpoints give the series: escaping writes them otherwise.</summary>
    public IReadOnlyList<string> SeriesNames { get; } =
        MetricNameEscaping.Spellings(Key.Source == MetricSource.Histogram ? Selector.Name + "_bucket" : Selector.Name);

    /// <summary>The same of what is looked for as a native histogram; empty for what is no histogram.</summary>
    public IReadOnlyList<string> NativeNames { get; } =
        Key.Source == MetricSource.Histogram ? MetricNameEscaping.Spellings(Selector.Name) : [];

    /// <summary>Whether series of that name are looked for.</summary>
    public bool IsOf(string metric, bool isNative) => (isNative ? NativeNames : SeriesNames).Contains(metric);

    /// <summary>Whether services have what is looked for only since the first call.</summary>
    public bool IsMadeByFirstCall { get; } = MetricQuery.IsMadeByFirstCall(Key.Source, Selector.Name);
}
