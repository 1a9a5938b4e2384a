using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>What an evaluation rests on.</summary>
/// <param name="Metrics">Reads metrics.</param>
/// <param name="Demand">Says what metrics are to be collected.</param>
/// <param name="Policies">The policies in force.</param>
internal sealed record EvaluationSources(IMetricReader Metrics, Action<IReadOnlyCollection<MetricDemand>> Demand,
    Func<PolicySet> Policies);
