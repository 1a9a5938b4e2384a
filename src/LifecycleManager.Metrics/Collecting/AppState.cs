using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>What the owner knows of one app that somebody demands metrics of.</summary>
internal sealed class AppState(string id)
{
    public string Id => id;

    public EndpointHints Hints { get; } = new();

    public SortedDictionary<string, Instance> Instances { get; } = new(StringComparer.Ordinal);

    public MetricQuery[] Queries { get; set; } = [];

    /// <summary>The app as the scheduler last had it; null where it does not.</summary>
    public TargetApp? Known { get; set; }
}
