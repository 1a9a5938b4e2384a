using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>What the owner knows of one app that somebody demands metrics of.</summary>
internal sealed class CollectedApp(string id)
{
    public string Id => id;

    public EndpointHints Hints { get; } = new();

    public SortedDictionary<string, Instance> Instances { get; } = new(StringComparer.Ordinal);

    public MetricQuery[] Queries { get; set; } = [];

    /// <summary>The app as a source of targets last had it; null where none has it.</summary>
    public TargetApp? Known { get; set; }
}
