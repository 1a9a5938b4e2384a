namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// What came of asking one place after the other for an endpoint: the failure that tells most is the one to report.
/// </summary>
internal sealed class PlaceSearch
{
    private readonly List<string> _tried = [];
    private ScrapeException? _worst;
    private int _rank = -1;

    /// <summary>A place was asked in vain.</summary>
    /// <param name="place">Where.</param>
    /// <param name="failure">What it answered.</param>
    /// <param name="isDeclared">
    /// Whether the answer said to be what was looked for, so that it is broken and not another thing.
    /// </param>
    public void Fail(string place, ScrapeException failure, bool isDeclared = false)
    {
        _tried.Add(place);
        var rank = Rank(failure, isDeclared);
        if (rank > _rank) (_worst, _rank) = (failure, rank);
    }

    /// <summary>The failure of the whole search.</summary>
    /// <param name="root">The instance.</param>
    /// <param name="what">What was looked for, after "has no".</param>
    public ScrapeException Failure(Uri root, string what) => _worst is { Reason: not FailureReason.NotFound } worst
        ? worst
        : new ScrapeException(FailureReason.NotFound,
            $"{root} has no {what} {string.Join(", ", _tried)}: say where by the label lcm.metrics.path or the policy's scrape");

    // What is there and refuses tells more than what is something else, and that more than what is not there.
    private static int Rank(ScrapeException failure, bool isDeclared) => failure.Reason switch
    {
        FailureReason.NotFound => 0,
        FailureReason.ContentType => 1,
        FailureReason.Status => failure.Status is 401 or 403 ? 4 : 3,
        _ => isDeclared ? 5 : 2,
    };
}
