namespace LifecycleManager.Metrics.Queries;

/// <summary>One metric of one app that someone needs.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Query">What to gather.</param>
public sealed record MetricDemand(string App, MetricQuery Query);
