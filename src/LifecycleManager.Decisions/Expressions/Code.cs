namespace LifecycleManager.Decisions.Expressions;

/// <summary>What an expression computes.</summary>
internal enum ValueKind
{
    Number,
    Time,
    Truth,
}

/// <summary>A part of an expression, compiled: the code of a number or of a condition.</summary>
internal sealed record Code(ValueKind Kind, NumberCode? Number, ConditionCode? Condition)
{
    /// <summary>The slot where the code is a load and nothing else.</summary>
    public int Slot { get; init; } = -1;

    public bool HasReads { get; init; }

    public bool IsConstant { get; init; }

    public static Code Constant(double value) => new(ValueKind.Number, _ => value, null) { IsConstant = true };
}
