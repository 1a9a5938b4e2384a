using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>What readers see of one app; replaced as a whole when its instances or its demands change.</summary>
/// <param name="Absent">Why there are no instances, where the scheduler's word is the reason; else null.</param>
/// <param name="Instances">The instances by id.</param>
/// <param name="Queries">What is collected for each query.</param>
internal sealed record CollectedView(string? Absent, CollectedInstance[] Instances, Dictionary<MetricQuery, BoundQuery> Queries)
{
    /// <summary>How long the instances take to start.</summary>
    public StartupTimes Startup { get; init; } = new();
}

/// <summary>Where a query's data is.</summary>
/// <param name="Query">The query.</param>
/// <param name="Problem">Why it can never have data: it is malformed or its source is not configured; else null.</param>
/// <param name="Sets">A set an instance, in the view's order; or one set for a source without instances.</param>
/// <param name="Jobs">The job that fills each set; null where it is not known to have one.</param>
/// <param name="HasInstances">Whether the sets belong to instances.</param>
internal sealed record BoundQuery(MetricQuery Query, string? Problem, SeriesSet[] Sets, ScrapeJob?[] Jobs, bool HasInstances)
{
    public static BoundQuery Broken(MetricQuery query, string problem) =>
        new(query, problem, [], [], query.HasInstances);
}
