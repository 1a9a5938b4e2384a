namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>How an app's instances are scraped, as far as its policy says so. What it leaves out, the app's labels say.</summary>
public sealed record ScrapeSettings
{
    /// <summary>A management path such as <c>/admin</c>, or a full path of Prometheus text, which may have a query.</summary>
    public string? Path { get; init; }

    /// <summary>The index of the port, from 0.</summary>
    public int? Port { get; init; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string? Scheme { get; init; }

    /// <summary>
    /// The name of the credentials that the collector shows: the <c>for</c> of an entry that the operator
    /// has made under a name of its own. Null: those for the app's id, if any.
    /// </summary>
    public string? Credentials { get; init; }

    /// <summary>What is wrong with a path, to be said after it; null where an instance can be asked for it.</summary>
    public static string? ProblemOf(string path) => path switch
    {
        not ['/', ..] => "does not start with a slash",
        ['/', '/' or '\\', ..] => "names a host; a path starts with one slash",
        _ when path.Contains('#') => "has a fragment, which no server is sent: escape '#' as %23",
        _ => null,
    };

    /// <summary>
    /// Whether a path is that of Prometheus text alone: it has a query, and is not one beside which an actuator's other endpoints
    /// are, as they are beside <c>/actuator/prometheus</c>.
    /// </summary>
    public static bool IsOfTextAlone(string path) => path.Split('?', 2) is [var own, _]
        && own.TrimEnd('/') is var place && !place.EndsWith("/prometheus", StringComparison.Ordinal)
        && !place.EndsWith("/metrics", StringComparison.Ordinal);
}
