namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>How an app's instances are scraped, as far as its policy says so. What it leaves out, the app's labels say.</summary>
public sealed record ScrapeSettings
{
    /// <summary>A management path such as <c>/admin</c>, or a full path of Prometheus text.</summary>
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
}
