using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>
/// Kleene's three truth values, so ordered that <c>and</c> is the least and <c>or</c> the greatest.
/// </summary>
internal enum Truth : sbyte
{
    False = -1,
    Unknown = 0,
    True = 1,
}

/// <summary>Computes what a number can be from what the slots can be. Allocates nothing.</summary>
internal delegate Interval NumberCode(ReadOnlySpan<Interval> slots);

/// <summary>
/// Computes a condition from the slots: true or false where it is so for all that they can be. Allocates nothing.
/// </summary>
internal delegate Truth ConditionCode(ReadOnlySpan<Interval> slots);
