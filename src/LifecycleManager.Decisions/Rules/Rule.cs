namespace LifecycleManager.Decisions.Rules;

/// <summary>One rule of a policy, compiled.</summary>
public abstract class Rule
{
    /// <summary>The name, unique within the policy.</summary>
    public required string Name { get; init; }
}
