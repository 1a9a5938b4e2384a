using System.Linq.Expressions;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using NRules;
using NRules.RuleModel;
using NRules.RuleModel.Builders;

namespace LifecycleManager.Decisions.NRules;

/// <summary>
/// The rule engine seam on NRules: each rule of a policy becomes an <see cref="IRuleDefinition"/> through NRules' rule model, the
/// facts of one tick are inserted, and recommendations are linked facts, which go with the tick they came from.
/// </summary>
public sealed class NRulesEngine : IRuleEngine
{
    /// <inheritdoc />
    public string Name => "NRules";

    /// <inheritdoc />
    public IRuleSession Compile(PolicySet policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        return new Session(policies);
    }

    /// <summary>One rule at one tick: the fact that conditions look at.</summary>
    /// <param name="Policy">The policy's name.</param>
    /// <param name="Rule">The rule.</param>
    /// <param name="Opinion">The rule's answer.</param>
    internal sealed record RuleFact(string Policy, Rule Rule, RuleOpinion Opinion);

    /// <summary>A recommendation, linked to the fact that it came from.</summary>
    /// <param name="Index">The rule's index in its policy.</param>
    /// <param name="Opinion">What the rule asks for.</param>
    internal sealed record OpinionFact(int Index, RuleOpinion Opinion);

    private sealed class Session : IRuleSession
    {
        private readonly Dictionary<Policy, ISession> _sessions = new(ReferenceEqualityComparer.Instance);

        public Session(PolicySet policies)
        {
            foreach (var policy in policies.Policies)
            {
                if (policy.Rules.Count == 0) continue;
                _sessions[policy] = new RuleCompiler().Compile(policy.Rules.Select((rule, index) => Define(policy, rule, index)))
                    .CreateSession();
            }
        }

        public void Evaluate(Policy policy, RuleTick tick, Span<RuleOpinion> opinions)
        {
            if (!_sessions.TryGetValue(policy, out var session)) return;
            // Rules keep their waits in the tick, so each is asked once, here, and the network matches the answers.
            var facts = new object[policy.Rules.Count];
            for (var i = 0; i < facts.Length; i++)
                facts[i] = new RuleFact(policy.Name, policy.Rules[i], policy.Rules[i].Evaluate(tick));
            opinions.Fill(RuleOpinion.None);
            session.InsertAll(facts);
            session.Fire();
            foreach (var opinion in session.Query<OpinionFact>()) opinions[opinion.Index] = opinion.Opinion;
            session.RetractAll(facts);
        }

        public void Dispose() => _sessions.Clear();

        /// <summary>When the rule's fact has an answer, insert a recommendation that is linked to it.</summary>
        private static IRuleDefinition Define(Policy policy, Rule rule, int index)
        {
            var builder = new RuleBuilder();
            builder.Name($"{policy.Name}/{rule.Name}");
            var pattern = builder.LeftHandSide().Pattern(typeof(RuleFact), "fact");
            Expression<Func<RuleFact, bool>> mine = fact => ReferenceEquals(fact.Rule, rule);
            Expression<Func<RuleFact, bool>> answers = fact => fact.Opinion.Verdict != RuleVerdict.None;
            pattern.Condition(mine);
            pattern.Condition(answers);
            Expression<Action<IContext, RuleFact>> recommend = (context, fact) =>
                context.InsertLinked("opinion", new OpinionFact(index, fact.Opinion));
            builder.RightHandSide().Action(recommend);
            return builder.Build();
        }
    }
}
