using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A compiled condition over what a schedule's metrics read and the facts of the app.</summary>
internal sealed class MetricCondition : ScheduleCondition
{
    private readonly Expression _expression;
    private readonly MetricRead[] _reads;
    private readonly TimeZoneInfo _zone;

    /// <param name="expression">A condition.</param>
    /// <param name="reads">What is read for it, in the order of its slots.</param>
    /// <param name="metrics">The metrics that are defined for it.</param>
    /// <param name="zone">The zone of <c>time</c>.</param>
    public MetricCondition(
        Expression expression, IReadOnlyList<MetricRead> reads, IReadOnlyList<PolicyMetric> metrics, TimeZoneInfo zone) =>
        (_expression, _reads, Metrics, _zone) = (expression, [.. reads], metrics, zone);

    /// <summary>The metrics that are defined for it.</summary>
    public IReadOnlyList<PolicyMetric> Metrics { get; }

    /// <inheritdoc />
    public override string Text => _expression.Text;

    /// <inheritdoc />
    public override IEnumerable<MetricDemand> Demands(AppRef app) => _reads.Select(read => read.Query).Distinct()
        .Select(query => new MetricDemand(app.Id, query) { Labels = app.Labels });

    /// <inheritdoc />
    public override bool? Holds(in AppFacts facts, IMetricReader metrics)
    {
        var slots = new Interval[Slots.FirstRead + _reads.Length];
        (slots[Slots.Min], slots[Slots.Max]) = (Interval.Unknown, Interval.Unknown);
        slots[Slots.Instances] = facts.Instances;
        slots[Slots.Healthy] = facts.Healthy;
        slots[Slots.Staged] = facts.Staged;
        slots[Slots.Time] = LocalTimes.Of(facts.Now, _zone).TimeOfDay.TotalSeconds;
        for (var i = 0; i < _reads.Length; i++) slots[Slots.FirstRead + i] = Read(_reads[i], facts, metrics);
        return _expression.Condition!(slots) switch
        {
            Truth.True => true,
            Truth.False => false,
            _ => null,
        };
    }

    private static Interval Read(MetricRead read, in AppFacts facts, IMetricReader metrics)
    {
        var reading = double.IsNaN(read.InstanceQuantile) ? metrics.Read(facts.App, read.Query, facts.Now)
            : new InstanceQuantile().Read(read, facts.App, facts.Now, metrics);
        if (reading.Absence == Absence.Idle) return read.OnIdle.Range;
        return reading.IsKnown && double.IsFinite(reading.Value) ? reading.Range : Interval.Unknown;
    }
}

/// <summary>What a schedule's condition may name: its metrics, and the facts of an app that has no policy.</summary>
internal sealed class ScheduleReads(IReadOnlyList<PolicyMetric> metrics) : ReadTable(metrics)
{
    private static readonly string[] OfPolicies = [Slots.Facts[Slots.Min], Slots.Facts[Slots.Max]];

    /// <inheritdoc />
    public override IEnumerable<string> Names => base.Names.Except(OfPolicies, StringComparer.Ordinal);

    /// <inheritdoc />
    public override int Fact(string name) => Array.IndexOf(OfPolicies, name) < 0 ? base.Fact(name)
        : throw new ArgumentException($"'{name}' is a bound of a policy, which a schedule does not have");
}
