using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests;

/// <summary>Metrics by selector: a joined value, or one per instance.</summary>
internal sealed class FakeMetrics : IMetricReader
{
    private readonly Dictionary<string, double> _joined = [];
    private readonly Dictionary<string, InstanceReading[]> _instances = [];
    private readonly Dictionary<string, Absence> _absent = [];

    /// <summary>Whether instances that start are passed over, as before they counted as idle for growth.</summary>
    public bool PassesOverStarting { get; init; }

    public double this[string selector]
    {
        set => _joined[selector] = value;
    }

    public void Remove(string selector) => _joined.Remove(selector);

    /// <summary>No value, and no instances either.</summary>
    public void Clear(string selector)
    {
        _joined.Remove(selector);
        _instances.Remove(selector);
        _absent.Remove(selector);
    }

    public void Instances(string selector, params (double Value, bool Ready)[] instances) =>
        _instances[selector] = [.. instances.Select((instance, i) => new InstanceReading(
            $"task-{i}", instance.Value, instance.Ready, double.IsNaN(instance.Value) ? "no sample" : null))];

    /// <summary>There is no value, and of that kind.</summary>
    public void Absent(string selector, Absence absence)
    {
        Clear(selector);
        _absent[selector] = absence;
    }

    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now)
    {
        if (_joined.TryGetValue(query.Selector, out var value)) return new MetricReading(value, null, 1, 1, now);
        if (_instances.TryGetValue(query.Selector, out var instances))
        {
            var join = new InstanceJoin(query);
            foreach (var one in instances)
            {
                if (!one.Expected)
                {
                    if (!PassesOverStarting) join.AddResting(one.Value);
                }
                else if (one.Missing is null) join.Add(one.Value, one.Range);
                else join.AddSilent();
            }

            if (join.Reporting > 0) return join.Reading(instances.Length, now);
            if (!PassesOverStarting && instances.All(one => !one.Expected))
                return MetricReading.Unknown("it starts") with { Absence = Absence.Starting };
        }

        return MetricReading.Unknown("no sample") with { Absence = _absent.GetValueOrDefault(query.Selector, Absence.Missing) };
    }

    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (!_instances.TryGetValue(query.Selector, out var instances)) return;
        foreach (var instance in instances) into.Add(instance);
    }
}
