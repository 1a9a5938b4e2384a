using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.Coordinations;

namespace LifecycleManager.Decisions.CSharp;

/// <summary>One version of the rules, as the decision engine takes it. There is one target, so an app is its id.</summary>
internal sealed class CodeRules : ICodeRules
{
    private readonly CSharpRuleSet _set;
    private readonly Dictionary<CSharpRule, CodeRule> _rules;

    public CodeRules(CSharpRuleSet set)
    {
        _set = set;
        _rules = set.Rules.ToDictionary(rule => rule, rule => new CodeRule(rule.Name, id => rule.Names("", id)));
        Rules = [.. set.Rules.Select(rule => _rules[rule])];
    }

    /// <inheritdoc />
    public IReadOnlyList<CodeRule> Rules { get; }

    /// <inheritdoc />
    public Func<DateTimeOffset, CodeTurn> For(IReadOnlyCollection<string> apps)
    {
        var island = _set.For(apps.Select(id => ("", id)));
        return now =>
        {
            var turn = island.Begin(now);
            return (facts, cluster) => ToRound(turn.Run(facts, cluster));
        };
    }

    private CodeRound ToRound(RoundOutcome outcome) => new(
        [.. outcome.Outputs.Select(output => new CodeOutput(
            _rules[output.Rule], output.Output, [.. output.Apps.Select(app => app.Id)], string.Join(", ", output.Facts)))],
        [.. outcome.Unknown.Select(unknown => (_rules[unknown.Rule], unknown.Because))],
        [.. outcome.Refused.Select(refused => $"the rule '{refused.Rule.Name}' ({refused.Rule.Place}): {refused.Because}")],
        outcome.IsHeld ? string.Join("; ", outcome.Failures) : null);
}
