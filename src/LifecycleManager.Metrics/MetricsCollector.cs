using LifecycleManager.Metrics.Queries;

namespace LifecycleManager.Metrics;

/// <summary>Collects what is demanded of the apps' instances and answers what it was over windows of time.</summary>
public sealed class MetricsCollector : IMetricReader
{
    /// <summary>Replaces what is collected. Cheap where nothing changed; call it at each tick or when policies change.</summary>
    public void Demand(IReadOnlyCollection<MetricDemand> demands) => throw new NotImplementedException();

    /// <inheritdoc/>
    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into) =>
        throw new NotImplementedException();
}
