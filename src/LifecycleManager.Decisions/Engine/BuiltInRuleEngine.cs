using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>The default engine: compiled expressions, no dependency, deterministic, no allocation.</summary>
public sealed class BuiltInRuleEngine : IRuleEngine
{
    /// <inheritdoc />
    public string Name => "built-in";

    /// <inheritdoc />
    public IRuleSession Compile(PolicySet policies) => Session.Instance;

    private sealed class Session : IRuleSession
    {
        public static readonly Session Instance = new();

        public void Evaluate(Policy policy, RuleTick tick, Span<RuleOpinion> opinions)
        {
            var rules = policy.RuleArray;
            for (var i = 0; i < rules.Length; i++) opinions[i] = rules[i].Evaluate(tick);
        }

        public void Dispose()
        {
        }
    }
}
