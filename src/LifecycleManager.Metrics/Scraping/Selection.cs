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
}
