namespace LifecycleManager.Metrics.Scraping;

/// <summary>Why a scrape failed; the words of <c>lcm_metrics_scrape_failures_total{reason}</c>.</summary>
internal enum FailureReason
{
    Connection,
    Certificate,
    Incomplete,
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

    /// <summary>The status that was answered; 0 where it is no matter of a status.</summary>
    public int Status { get; init; }

    /// <summary>Whether anything was asked; not where there was no time left to ask.</summary>
    public bool WasAsked { get; init; } = true;

    /// <summary>Whether the same request a moment later may do better.</summary>
    public bool IsTransient => reason is FailureReason.Connection or FailureReason.Incomplete;

    /// <summary>
    /// Whether this address was answered, and only this address: other requests to the same target may do better.
    /// </summary>
    public bool IsOfOneAddress => reason is FailureReason.Status or FailureReason.NotFound or FailureReason.ContentType
        or FailureReason.Malformed or FailureReason.TooLarge or FailureReason.TooManySamples;

    /// <summary>
    /// Whether it is a matter of one request, once others to the same target are answered: its answer is a refusal, is broken,
    /// breaks off or does not come.
    /// </summary>
    public bool IsOfOneRequest => IsOfOneAddress || reason is FailureReason.Incomplete or FailureReason.Timeout;

    /// <summary>The same failure with more to say.</summary>
    public ScrapeException With(string more) => new(reason, Message + more) { Status = Status };
}
