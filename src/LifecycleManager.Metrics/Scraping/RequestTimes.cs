using System.Globalization;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// The time that one scrape has for its requests: nine tenths of its own, so that what hangs ends before the scrape does, and
/// what others have answered is kept.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="scrape">The longest that the scrape may take; it begins now.</param>
internal sealed class RequestTimes(TimeProvider time, TimeSpan scrape)
{
    /// <summary>So many requests of one scrape are under way at once at most.</summary>
    public const int AtOnce = 4;

    private readonly TimeSpan _all = scrape * 0.9;
    private readonly long _start = time.GetTimestamp();

    /// <summary>Asks within the time that is left.</summary>
    /// <param name="uri">What is asked, for messages.</param>
    /// <param name="ask">Asks it.</param>
    /// <param name="cancellation">The scrape is over.</param>
    /// <exception cref="ScrapeException">There was no answer in time, or no time to ask.</exception>
    public async Task<T> AskAsync<T>(Uri uri, Func<CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        var left = _all - time.GetElapsedTime(_start);
        if (left <= TimeSpan.Zero)
        {
            throw new ScrapeException(
                FailureReason.Timeout, $"{uri} was not asked: the scrape's other requests took {Seconds(_all)} s")
            {
                WasAsked = false,
            };
        }

        using var end = new TimeLimit(time, left, cancellation);
        try
        {
            return await ask(end.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ScrapeException(FailureReason.Timeout, $"{uri} did not answer in {Seconds(left)} s");
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
