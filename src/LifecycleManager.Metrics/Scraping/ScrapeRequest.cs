using System.Net.Http.Headers;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Where a redirect may lead.</summary>
internal enum RedirectRule
{
    /// <summary>Nowhere: it is a refusal.</summary>
    None,

    /// <summary>A standby's, once, to its leader, which may be anywhere.</summary>
    ToLeader,

    /// <summary>A target's, to itself: <see cref="Redirects"/>.</summary>
    ToItself,
}

/// <summary>One GET request of the collector.</summary>
/// <param name="Uri">Where.</param>
/// <param name="Accept">The accepted media types.</param>
internal sealed record ScrapeRequest(Uri Uri, string Accept)
{
    /// <summary>Who asks; null for nobody in particular.</summary>
    public AuthenticationHeaderValue? Credential { get; init; }

    /// <summary>What to call the address in messages; null: itself.</summary>
    public string? Name { get; init; }

    /// <summary>Takes the reason out of the body of a refusal, where the server gives one.</summary>
    public ScrapeClient.Explain? Explain { get; init; }

    /// <summary>Whether the body of 503 is an answer too: that of a health check.</summary>
    public bool TakesUnavailable { get; init; }

    /// <summary>Which redirects are followed.</summary>
    public RedirectRule Redirects { get; init; }

    /// <summary>How the target is known to be itself.</summary>
    public TlsSettings Tls { get; init; } = TlsSettings.Usual;

    /// <summary>
    /// The time that the target is told it has, as Prometheus tells it; null: it is not told.
    /// </summary>
    public TimeSpan? ToldTimeout { get; init; }
}
