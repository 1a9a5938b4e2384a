using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>What an evaluation rests on.</summary>
/// <param name="Metrics">Reads metrics.</param>
/// <param name="Demand">Says what metrics are to be collected.</param>
/// <param name="Policies">The policies in force.</param>
internal sealed record EvaluationSources(IMetricReader Metrics, Action<IReadOnlyCollection<MetricDemand>> Demand,
    Func<PolicySet> Policies)
{
    /// <summary>The rules in C# in force; null where there are none.</summary>
    public Func<ICodeRules?> Code { get; init; } = () => null;

    /// <summary>Says which apps have new samples.</summary>
    public MetricArrivals Arrivals { get; init; } = new();

    /// <summary>What the containers of apps use.</summary>
    public ContainerUsages Usages { get; init; } = new() { Problem = "nothing measures what the containers of apps use" };

    /// <summary>For how long an app's instances count as starting; null where that is not known.</summary>
    public Func<string, StartupTime?> Startup { get; init; } = _ => null;
    /// <summary>What is known of the ends of policies.</summary>
    public required IPolicyEnds Ends { get; init; }
}
