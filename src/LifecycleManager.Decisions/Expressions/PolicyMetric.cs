using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>A metric of a policy, by the name its expressions use.</summary>
/// <param name="Name">The name.</param>
/// <param name="Query">What to read.</param>
/// <param name="Place">Where it is defined.</param>
public sealed record PolicyMetric(string Name, MetricQuery Query, SourcePlace Place)
{
    /// <summary>What it counts as while it is idle.</summary>
    public IdleMetric OnIdle { get; init; } = IdleMetric.Zero;

    /// <summary>Where its server is named; null where it is not.</summary>
    public SourcePlace? ServerPlace { get; init; }
}

/// <summary>
/// What a metric counts as while what should tell it answers and has nothing to tell: zero load, which shrinks and never grows;
/// or a value, as if it had been read; or nothing, so that what rests on it is unknown and nothing shrinks.
/// </summary>
/// <param name="Holds">Whether it counts as nothing.</param>
/// <param name="Value">The value; NaN for zero load.</param>
public readonly record struct IdleMetric(bool Holds, double Value)
{
    /// <summary>Zero load.</summary>
    public static IdleMetric Zero => new(false, double.NaN);

    /// <summary>Nothing.</summary>
    public static IdleMetric Hold => new(true, double.NaN);

    /// <summary>Whether it is zero load, which is no reason to grow.</summary>
    public bool IsZeroLoad => !Holds && double.IsNaN(Value);

    /// <summary>What a reading that is idle can be taken for.</summary>
    internal Interval Range => Holds ? Interval.Unknown : IsZeroLoad ? 0 : Value;
}

/// <summary>One value that a policy's rules read each tick.</summary>
/// <param name="Text">As the rules write it: <c>tpm</c>, <c>avg(tpm, 5m)</c>.</param>
/// <param name="Query">What is asked of the reader.</param>
/// <param name="InstanceQuantile">The quantile over the instances, or NaN to take the reader's own join.</param>
/// <param name="OnIdle">What it counts as while it is idle.</param>
internal sealed record MetricRead(string Text, MetricQuery Query, double InstanceQuantile, IdleMetric OnIdle);
