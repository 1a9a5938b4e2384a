using System.Diagnostics.CodeAnalysis;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// What a rule sees of one app at one tick. One object serves all apps in turn: nothing of it may be kept.
/// </summary>
internal sealed class OracleRuleTick
{
    private readonly List<InstanceReading> _instances = [];
    private int _instancesOf = -1;

    /// <summary>The facts.</summary>
    public AppFacts Facts { get; internal set; }

    /// <summary>The last tick's time; this tick's where there was none.</summary>
    public DateTimeOffset Previous { get; internal set; }

    /// <summary>Instances that were asked for and do not serve yet: staged, or not healthy while a deployment runs.</summary>
    public int Pending { get; internal set; }

    /// <summary>Whether the count is another than at the last tick.</summary>
    public bool CountChanged { get; internal set; }

    /// <summary>What the facts and the reads can be.</summary>
    internal Interval[] Slots { get; set; } = [];

    /// <summary>
    /// The same for what only grows, which takes a silent instance for no less than an idle one, as the HPA does: another array
    /// only while a read rests on some of its instances.
    /// </summary>
    [AllowNull]
    internal Interval[] Growing { get => field ?? Slots; set; }

    internal RuleState[] States { get; set; } = [];

    internal MetricRead[] Reads { get; set; } = [];

    internal IMetricReader Metrics { get; set; } = null!;

    internal void Begin() => _instancesOf = -1;

    /// <summary>The readings per instance behind a slot; empty for sources without instances.</summary>
    internal List<InstanceReading> Instances(int slot)
    {
        if (_instancesOf != slot)
        {
            _instances.Clear();
            Metrics.ReadInstances(Facts.App, Reads[slot - LifecycleManager.Decisions.Expressions.Slots.FirstRead].Query,
                Facts.Now, _instances);
            _instancesOf = slot;
        }

        return _instances;
    }
}

/// <summary>What a rule remembers of one app between ticks.</summary>
internal struct RuleState
{
    /// <summary>Since when the condition has held without a break; default for not at all.</summary>
    public DateTimeOffset Since;

    /// <summary>A firing that has not been carried out yet, and when it happened.</summary>
    public DateTimeOffset FiredAt;

    /// <summary>The count that the firing asked for.</summary>
    public int FiredCount;

    /// <summary>What a forecast has learnt; null for other rules.</summary>
    public object? Memory;
}
