using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies;

/// <summary>How one direction of scaling is tempered; the meanings are those of the HPA's <c>behavior</c>.</summary>
public sealed record ScalingBehavior
{
    /// <summary>
    /// Scale-out takes the least, scale-in the greatest count recommended within this time, so that a short peak or dip is not
    /// followed.
    /// </summary>
    public TimeSpan Stabilization { get; init; }

    /// <summary>How much may change in a period; empty for no limit.</summary>
    public IReadOnlyList<ScalingLimit> Limits { get; init; } = [];

    /// <summary>Which of several limits holds.</summary>
    public LimitSelect Select { get; init; } = LimitSelect.Max;

    /// <summary>How long after any change of the count this direction waits.</summary>
    public TimeSpan Cooldown { get; init; }

    /// <summary>When a change of this direction is taken back; null where none is.</summary>
    internal WorseCheck? Worse { get; init; }

    /// <summary>What changes of this direction are to make better; null for nothing.</summary>
    internal BetterCheck? Better { get; init; }

    /// <summary>The HPA's defaults for growth: at once, by 4 instances or 100 % in 15 s, whichever is more.</summary>
    public static ScalingBehavior DefaultScaleOut { get; } = new()
    {
        Limits = [new(4, false, TimeSpan.FromSeconds(15)), new(100, true, TimeSpan.FromSeconds(15))],
    };

    /// <summary>The HPA's defaults for shrinking: stabilized over 5 minutes, then without a limit (100 % in 15 s).</summary>
    public static ScalingBehavior DefaultScaleIn { get; } = new()
    {
        Stabilization = TimeSpan.FromMinutes(5),
        Limits = [new(100, true, TimeSpan.FromSeconds(15))],
    };
}

/// <summary>One rate limit: <c>4 per 1m</c>, <c>100% per 1m</c>.</summary>
/// <param name="Amount">Instances, or percent of the count at the start of the period.</param>
/// <param name="IsPercent">Whether <paramref name="Amount"/> is percent.</param>
/// <param name="Period">The period, sliding.</param>
public readonly record struct ScalingLimit(double Amount, bool IsPercent, TimeSpan Period)
{
    /// <inheritdoc />
    public override string ToString() =>
        FormattableString.Invariant($"{Amount}{(IsPercent ? "%" : "")} per {DurationText.Format(Period)}");
}

/// <summary>Which of several limits holds.</summary>
public enum LimitSelect
{
    /// <summary>The one that allows the greatest change.</summary>
    Max,

    /// <summary>The one that allows the least change.</summary>
    Min,

    /// <summary>None: the direction is switched off.</summary>
    Disabled,
}

/// <summary>What a policy does while a rule cannot be decided for want of a metric.</summary>
/// <param name="Mode">What is done.</param>
/// <param name="Count">The count of <see cref="MissingMetricsMode.Fallback"/> and
/// <see cref="MissingMetricsMode.AtLeast"/>.</param>
/// <param name="After">How long a metric must have been missing first; until then the count is held.</param>
public readonly record struct MissingMetrics(MissingMetricsMode Mode, int Count, TimeSpan After)
{
    /// <summary>Change nothing: the default.</summary>
    public static MissingMetrics Hold => new(MissingMetricsMode.Hold, 0, TimeSpan.Zero);
}

/// <summary>The kinds of <see cref="MissingMetrics"/>.</summary>
public enum MissingMetricsMode
{
    /// <summary>Keep the count.</summary>
    Hold,

    /// <summary>Go to the least count.</summary>
    Min,

    /// <summary>Go to the greatest count.</summary>
    Max,

    /// <summary>Go to a given count.</summary>
    Fallback,

    /// <summary>Go to a given count, unless there are more.</summary>
    AtLeast,
}
