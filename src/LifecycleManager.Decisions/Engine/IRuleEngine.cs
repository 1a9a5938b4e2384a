using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>The seam between deciding and the engine that evaluates rules.</summary>
public interface IRuleEngine
{
    /// <summary>The engine's name, for logs.</summary>
    string Name { get; }

    /// <summary>Makes policies ready to be evaluated.</summary>
    IRuleSession Compile(PolicySet policies);
}

/// <summary>Policies, ready. One owner at a time.</summary>
public interface IRuleSession : IDisposable
{
    /// <summary>Evaluates all rules of one policy for one app at one tick.</summary>
    /// <param name="policy">A policy of the set that the session was compiled from.</param>
    /// <param name="tick">The facts, the metrics, and what the rules remember of the app.</param>
    /// <param name="opinions">One place for each rule, in the policy's order; every one is written.</param>
    void Evaluate(Policy policy, RuleTick tick, Span<RuleOpinion> opinions);
}
