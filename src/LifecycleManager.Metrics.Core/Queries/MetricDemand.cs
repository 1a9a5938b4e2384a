namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>One metric that somebody reads of one app. The collector collects what is demanded and nothing else.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Query">What is read.</param>
public sealed record MetricDemand(string App, MetricQuery Query);
