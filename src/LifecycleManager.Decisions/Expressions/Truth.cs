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

/// <summary>Computes a number from the slots; NaN for unknown. Allocates nothing.</summary>
internal delegate double NumberCode(ReadOnlySpan<double> slots);

/// <summary>Computes a condition from the slots. Allocates nothing.</summary>
internal delegate Truth ConditionCode(ReadOnlySpan<double> slots);
