using System.Diagnostics;

namespace LifecycleManager.Metrics;

/// <summary>
/// The spans of a collector: each scrape is a trace of its own, since it belongs to no tick. None while nobody listens.
/// </summary>
public static class CollectorTracing
{
    /// <summary>The source of these spans.</summary>
    public const string Source = "LifecycleManager.Metrics";

    private static readonly ActivitySource Spans = new(Source);

    /// <summary>A scrape begins.</summary>
    internal static Activity? Scrape()
    {
        if (!Spans.HasListeners()) return null;
        Activity.Current = null;
        return Spans.StartActivity("scrape", ActivityKind.Client);
    }

    /// <summary>A scrape ends.</summary>
    /// <param name="span">Its span.</param>
    /// <param name="address">What was asked.</param>
    /// <param name="app">Whose it is; null for none alone.</param>
    /// <param name="samples">How many samples there were.</param>
    /// <param name="error">Why it failed; null where it did not.</param>
    internal static void End(Activity? span, string address, string? app, int samples, string? error)
    {
        if (span is null) return;
        span.SetTag("lcm.address", address);
        span.SetTag("lcm.app", app);
        span.SetTag("lcm.samples", samples);
        if (error is not null) span.SetStatus(ActivityStatusCode.Error, error);
        span.Stop();
    }
}
