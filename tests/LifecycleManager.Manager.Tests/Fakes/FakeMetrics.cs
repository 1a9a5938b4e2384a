using System.Collections.Concurrent;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>Metrics as the test sets them, by app and selector; what is not set is missing.</summary>
internal sealed class FakeMetrics : IMetricReader
{
    private readonly ConcurrentDictionary<(string, string), double> _values = new();

    /// <summary>The apps whose sources do not answer.</summary>
    public HashSet<string> Silent { get; } = [];

    /// <summary>The apps that have new samples, as the test says.</summary>
    public MetricArrivals Arrivals { get; } = new();

    public IReadOnlyCollection<MetricDemand> Demands { get; private set; } = [];

    public double? this[string app, string selector]
    {
        set
        {
            if (value is { } known) _values[(app, selector)] = known;
            else _values.TryRemove((app, selector), out _);
        }
    }

    public void Demand(IReadOnlyCollection<MetricDemand> demands) => Demands = demands;

    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) =>
        _values.TryGetValue((appId, query.Selector), out var value)
            ? new MetricReading(value, null, 1, 1, now)
            : MetricReading.Unknown("no instance reports it") with
            {
                Source = Silent.Contains(appId)
                ? SourceState.Silent : SourceState.Answers
            };

    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (_values.TryGetValue((appId, query.Selector), out var value)) into.Add(new InstanceReading("1", value, true, null));
    }
}
