using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>What all scrapes share.</summary>
internal sealed record ScrapeContext(
    CollectorOptions Options, TimeProvider Time, ScrapeClient Client, CredentialStore Credentials, TlsStore Tls,
    RetryBudget Retries, CollectorMetrics Metrics)
{
    public SeriesNames Names { get; } = new();

    /// <summary>How long samples are kept for a query, milliseconds.</summary>
    public long Retention(MetricQuery query) =>
        (long)(query.Window + Options.EffectiveStaleness + Options.Interval).TotalMilliseconds;
}
