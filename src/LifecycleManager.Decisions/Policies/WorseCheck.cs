using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Policies;

/// <summary>
/// When things are worse after a scale-in, so that it is taken back: the share of healthy instances, or a metric.
/// </summary>
/// <param name="Metric">What is watched beside the healthy share: the higher, the worse; null for nothing.</param>
/// <param name="By">The share by which it must be worse than just before; over 0.</param>
/// <param name="Within">How long after a scale-in it is watched; over zero.</param>
/// <param name="Hold">How long nothing is scaled in once it was worse; over zero.</param>
internal sealed record WorseCheck(Expression? Metric, double By, TimeSpan Within, TimeSpan Hold)
{
    /// <summary>The share where the policy states none.</summary>
    public const double UsualShare = 0.2;

    /// <summary>How long a scale-in is watched where the policy does not say.</summary>
    public static readonly TimeSpan UsualTime = TimeSpan.FromMinutes(5);

    /// <summary>How long nothing is scaled in where the policy does not say.</summary>
    public static readonly TimeSpan UsualHold = TimeSpan.FromMinutes(15);
}
