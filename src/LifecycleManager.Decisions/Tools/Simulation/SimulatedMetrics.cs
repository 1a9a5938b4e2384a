using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Simulation;

/// <summary>The series of several apps.</summary>
internal sealed class SimulatedMetrics : IMetricReader
{
    private readonly Dictionary<string, SeriesMetrics> _apps = new(StringComparer.Ordinal);

    /// <summary>Adds an app.</summary>
    public void Add(string app, SeriesMetrics metrics) => _apps.Add(app, metrics);

    /// <summary>Says how many instances of an app serve now.</summary>
    public void Ready(string app, int count)
    {
        if (_apps.TryGetValue(app, out var metrics)) metrics.Ready = count;
    }

    /// <inheritdoc />
    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => _apps.TryGetValue(appId, out var metrics)
        ? metrics.Read(appId, query, now) : MetricReading.Unknown("the app has no series");

    /// <inheritdoc />
    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (_apps.TryGetValue(appId, out var metrics)) metrics.ReadInstances(appId, query, now, into);
    }
}
