using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>One rule of a policy, compiled. Immutable: what it remembers of an app lies in the tick.</summary>
internal abstract class OracleRule
{
    /// <summary>The name, unique within the policy.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The rule's index in its policy.</summary>
    internal int Index { get; init; }

    /// <summary>The slots of the reads that it needs.</summary>
    internal abstract IReadOnlyList<int> Reads { get; }

    /// <summary>The rule's answer at one tick. Pure but for the rule's own state in the tick; allocates nothing.</summary>
    public abstract RuleOpinion Evaluate(OracleRuleTick tick);

    /// <summary>The answer's reason for people, with the values it saw.</summary>
    public abstract string Describe(in RuleOpinion opinion, OracleRuleTick tick);
}
