using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Policies;

/// <summary>What scale-outs are to make better, so that those that do not help end.</summary>
/// <param name="Metric">What is watched: the higher, the worse.</param>
/// <param name="By">The share by which it must be better than before the first of them; over 0 and below 1.</param>
/// <param name="Within">How long a scale-out has for that; over zero. Those meanwhile are one with it.</param>
/// <param name="Times">How many in a row that do not help are too many; over 0.</param>
/// <param name="Hold">How long nothing is scaled out then; over zero.</param>
internal sealed record BetterCheck(Expression Metric, double By, TimeSpan Within, int Times, TimeSpan Hold)
{
    /// <summary>The share where the policy states none.</summary>
    public const double UsualShare = 0.05;

    /// <summary>How many are too many where the policy does not say.</summary>
    public const int UsualTimes = 3;

    /// <summary>How long a scale-out has where the policy does not say.</summary>
    public static readonly TimeSpan UsualTime = TimeSpan.FromMinutes(5);

    /// <summary>How long nothing is scaled out where the policy does not say.</summary>
    public static readonly TimeSpan UsualHold = TimeSpan.FromMinutes(15);
}
