namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>One metric that somebody reads of one app. The collector collects what is demanded and nothing else.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Query">What is read.</param>
public sealed record MetricDemand(string App, MetricQuery Query)
{
    /// <summary>How long the app's instances take to start, where its policy says so.</summary>
    public TimeSpan? Startup { get; init; }

    /// <summary>The app's labels, which queries may name; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}
