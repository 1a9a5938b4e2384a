namespace LifecycleManager.Metrics.Scraping;

/// <summary>Why a scrape failed; the words of <c>lcm_metrics_scrape_failures_total{reason}</c>.</summary>
internal enum FailureReason
{
    Connection,
    Timeout,
    Status,
    NotFound,
    ContentType,
    TooLarge,
    TooManySamples,
    Malformed,
    CircuitOpen,
    Configuration,
    Internal,
}

/// <summary>A scrape that failed, and why.</summary>
internal sealed class ScrapeException(FailureReason reason, string message) : Exception(message)
{
    public FailureReason Reason => reason;

    /// <summary>Whether the same request a moment later may do better.</summary>
    public bool IsTransient => reason is FailureReason.Connection;
}
