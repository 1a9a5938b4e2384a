using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// The inputs of a collector, from any thread: the newest replaces the one before. They outlive a term that fails, so that the
/// next begins with them.
/// </summary>
/// <param name="usages">What containers use, which is asked for while somebody wants it.</param>
internal sealed class CollectorInputs(ContainerUsages usages)
{
    private volatile IReadOnlyCollection<MetricDemand> _demands = [];
    private volatile TargetSnapshot? _targets;

    /// <summary>What containers use; asked for while somebody wants it.</summary>
    public ContainerUsages Usages => usages;

    /// <summary>What is to be collected.</summary>
    public IReadOnlyCollection<MetricDemand> Demands
    {
        get => _demands;
        set => _demands = value;
    }

    /// <summary>The scheduler's apps and instances; null before it has answered.</summary>
    public TargetSnapshot? Targets
    {
        get => _targets;
        set => _targets = value;
    }
}

/// <summary>A scrape has ended: the one thing that a collector's owner has to be told each time.</summary>
/// <param name="Job">What ran.</param>
/// <param name="Before">How the run before it went.</param>
/// <param name="Defect">What it threw, which no job should; else null.</param>
internal sealed record ScrapeEnded(ScrapeJob Job, JobStatus Before, Exception? Defect);
