namespace LifecycleManager.Metrics.Scraping;

/// <summary>How the last scrape went.</summary>
/// <param name="Up">Whether it succeeded; null before the first.</param>
/// <param name="Error">Why it did not.</param>
/// <param name="LastScrape">When it began.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Samples">How many samples the answer had, wanted or not.</param>
internal sealed record JobStatus(bool? Up, string? Error, DateTimeOffset? LastScrape, TimeSpan Duration, int Samples)
{
    public static JobStatus NotYet { get; } = new(null, null, null, default, 0);
}
