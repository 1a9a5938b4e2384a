namespace LifecycleManager.Metrics.Scraping;

/// <summary>What all scrapes share.</summary>
internal sealed record ScrapeContext(
    CollectorOptions Options, TimeProvider Time, ScrapeClient Client, CredentialStore Credentials, RetryBudget Retries, CollectorMetrics Metrics)
{
    public SeriesNames Names { get; } = new();
}
