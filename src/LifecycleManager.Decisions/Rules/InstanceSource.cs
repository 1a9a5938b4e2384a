using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Reads the single instances of apps while a tick is under way. One object and one list serve all apps in turn.
/// </summary>
internal sealed class InstanceSource
{
    private readonly List<InstanceReading> _readings = [];
    private IMetricReader? _metrics;
    private (App? App, int Slot) _of;

    /// <summary>Begins a tick: what was read before does not hold any more.</summary>
    public void Begin(IMetricReader metrics) => (_metrics, _of) = (metrics, default);

    /// <summary>The readings behind a slot; good until the next call. None between ticks.</summary>
    public List<InstanceReading> Read(App app, int slot)
    {
        if (_of != (app, slot))
        {
            _readings.Clear();
            _metrics?.ReadInstances(app.Id, app.RuleSet.Reads[slot - Expressions.Slots.FirstRead].Query, app.Facts.Now,
                _readings);
            _of = (app, slot);
        }

        return _readings;
    }
}
