namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>A condition on the agents that may run an app.</summary>
/// <param name="Field"><c>hostname</c>, <c>@hostname</c>, <c>@zone</c>, <c>@region</c> or an attribute's name.</param>
/// <param name="Operator">What has to hold.</param>
/// <param name="Value">The operator's argument, where it takes one.</param>
internal sealed record Constraint(string Field, ConstraintOperator Operator, string? Value);

/// <summary>Marathon's operators.</summary>
internal enum ConstraintOperator
{
    /// <summary>At most one instance at each value.</summary>
    Unique,

    /// <summary>All instances at one value.</summary>
    Cluster,

    /// <summary>Even over the values.</summary>
    GroupBy,

    /// <summary>The value matches an expression.</summary>
    Like,

    /// <summary>The value does not match an expression.</summary>
    Unlike,

    /// <summary>At most so many instances at each value.</summary>
    MaxPer,

    /// <summary>The value is this one.</summary>
    Is,
}

/// <summary>The operators by name.</summary>
internal static class ConstraintOperators
{
    /// <summary>The names, in Marathon's order.</summary>
    public static readonly IReadOnlyList<string> Names = ["UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"];

    /// <summary>By name, in any case.</summary>
    public static bool TryParse(string name, out ConstraintOperator value)
    {
        for (var index = 0; index < Names.Count; index++)
        {
            if (!string.Equals(Names[index], name, StringComparison.OrdinalIgnoreCase)) continue;
            value = (ConstraintOperator)index;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>The name, <c>GROUP_BY</c>.</summary>
    public static string Name(this ConstraintOperator value) => Names[(int)value];
}
