using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using NRules.Diagnostics;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>What NRules is given to match. By itself: the tests of random policies have the networks made anew.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RuleNetworksTests
{
    private const string Name = "the networks of rules";

    /// <summary>A policy with rules of every kind.</summary>
    private const string EveryKind = """
        policy: every kind
        app: /a
        instances: { min: 0, max: 9 }
        metrics: { m: { actuator: m }, n: { actuator: n, across: sum } }
        rules:
          - { rule: when, when: m > 1, then: { add: 1 } }
          - { rule: when for, when: m < 1 and n < 3, for: 10s, then: { remove: 1 } }
          - { rule: target, target: { metric: m, value: 5 } }
          - { rule: step, step: { metric: m, steps: [ { above: 5, add: 1 } ] } }
          - { rule: step for, step: { metric: m, steps: [ { above: 5, add: 1 } ] }, for: 10s }
          - { rule: window, schedule: { cron: '0 0 8 * * ?', until: '0 0 9 * * ?' }, then: { min: 3 } }
          - { rule: once, schedule: { cron: '0 0 8 * * ?' }, then: { set: 3 } }
          - { rule: ahead, forecast: { metric: n, value: 5, season: 1h, step: 1m, ahead: 5m } }
        """;

    private static readonly NodeType[] Pairing = [NodeType.Join, NodeType.Not, NodeType.Exists, NodeType.Aggregate];

    /// <summary>NRules tries every pair where two patterns meet: 10,000 apps with one another would take minutes.</summary>
    [Fact]
    public void No_rule_joins_two_patterns()
    {
        var policy = PolicyParser.Parse("p.yml", EveryKind).Policies.Single();
        var session = (ISessionSchemaProvider)RuleNetworks.CreateSession(policy);
        var nodes = session.GetSchema().Nodes.ToList();
        var rules = nodes.SelectMany(node => node.Rules).Select(rule => rule.Name).ToHashSet();
        Assert.True(rules.Count > 20, $"{rules.Count} rules");
        foreach (var rule in rules)
        {
            var pairing = nodes.Where(node => Pairing.Contains(node.NodeType) && node.Rules.Any(of => of.Name == rule)).ToList();
            // The one join of a rule is that of its only pattern with nothing.
            Assert.True(pairing.Count <= 1,
                $"{rule}: {string.Join(", ", pairing.Select(node => $"{node.NodeType} {node.OutputType}"))}");
        }
    }

    [Fact]
    public void Policies_whose_rules_are_of_the_same_kinds_share_a_network()
    {
        var one = Policy("a", "when: m > 1, for: 5s", "add: 1");
        var other = Policy("b", "when: m / 3 < 7 or m == 2, for: 5m", "set: 'm * 3'");
        var apart = Policy("c", "when: m > 1", "add: 1");
        Assert.Equal(Rules(one), Rules(other));
        Assert.NotEqual(Rules(one), Rules(apart));

        static IEnumerable<string> Rules(Policy policy) => RuleNetworks.Define(policy).Select(rule => rule.Name);
    }

    [Fact]
    public void What_is_prepared_needs_no_compiling_any_more()
    {
        // So many rules as no other test has.
        var rules = string.Join(
            ", ", Enumerable.Range(0, 23).Select(i => $"{{ rule: r{i}, when: m > {i}, then: {{ add: 1 }} }}"));
        var policy = PolicyParser.Parse("p.yml", $$"""
            policy: many
            app: /a
            instances: { min: 0, max: 9 }
            metrics: { m: { actuator: m } }
            rules: [ {{rules}} ]
            """).Policies.Single();
        Assert.False(RuleNetworks.IsCompiled(policy));
        RuleNetworks.Prepare(new PolicySet([policy]));
        Assert.True(RuleNetworks.IsCompiled(policy));
    }

    private static Policy Policy(string name, string when, string then) => PolicyParser.Parse("p.yml", $$"""
        policy: {{name}}
        app: /a
        instances: { min: 0, max: 9 }
        metrics: { m: { actuator: m } }
        rules: [ { rule: r, {{when}}, then: { {{then}} } } ]
        """).Policies.Single();
}
