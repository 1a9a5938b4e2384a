using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// What every rule engine must do: give the same decisions, tick for tick, as the rules do when asked one by one.
/// </summary>
public abstract class RuleEngineContract
{
    private const string Policies = """
        policy: many kinds
        app: /a
        instances: { min: 0, max: 20 }
        metrics:
          tpm: { actuator: tpm, across: sum }
          cpu: { actuator: cpu }
          queue: { rabbitmq: q }
        rules:
          - { rule: up, when: tpm > 10 * instances, for: 10s, then: { add: 1 } }
          - { rule: down, when: tpm < 5 * instances, for: 20s, then: { remove: 25% } }
          - { rule: cpu, target: { metric: cpu, value: 0.5 } }
          - { rule: steps, step: { metric: queue, steps: [ { above: 50, add: 1 }, { above: 100, add: 100% } ] } }
          - { rule: night, schedule: { cron: '0 0/10 * * * ?', until: '0 5/10 * * * ?' }, then: { max: 7 } }
          - { rule: at once, schedule: { cron: '0 3/7 * * * ?' }, then: { set: 9 } }
          - { rule: early, forecast: { metric: tpm, value: 9, per: instance, season: 10m, step: 30s, ahead: 1m, maxError: 90% } }
          - { rule: floor, when: cpu > 0.7, then: { min: 3 } }
        scaleIn: { stabilization: 30s, limit: 2 per 20s }
        ---
        policy: other
        app: /b
        instances: { min: 1, max: 9 }
        metrics:
          tpm: { actuator: tpm, across: sum }
        rules:
          - { rule: up, when: tpm > 20 * instances, then: { multiply: 1.5 } }
          - { rule: down, when: tpm < 9 * instances, then: { remove: 1 } }
        onMissingMetrics: fallback:4
        ---
        policy: no rules
        app: /c
        instances: { min: 2, max: 3 }
        rules: []
        """;

    protected abstract IRuleEngine Create();

    [Fact]
    public void Decisions_are_those_of_the_rules_themselves()
    {
        var policies = new PolicySet(PolicyParser.Parse("p.yml", Policies).Policies);
        Assert.Equal(3, policies.Policies.Count);
        using var tested = new DecisionEngine(Create());
        using var reference = new DecisionEngine(new OneByOne());
        tested.Use(policies);
        // Scheduled rules remember what they were asked last: each engine has its own.
        reference.Use(new PolicySet(PolicyParser.Parse("p.yml", Policies).Policies));
        var random = new Random(7);
        var metrics = new FakeMetrics();
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var counts = new Dictionary<string, int> { ["/a"] = 2, ["/b"] = 1, ["/c"] = 1 };
        var kinds = new Dictionary<DecisionKind, int>();
        for (var tick = 0; tick < 1500; tick++)
        {
            now += TimeSpan.FromSeconds(5);
            foreach (var name in (string[])["tpm", "cpu", "q"])
            {
                if (random.Next(40) == 0) metrics.Remove(name);
                else if (random.Next(4) == 0) metrics[name] = name == "cpu" ? random.NextDouble() : random.Next(150);
            }

            foreach (var app in counts.Keys)
            {
                var staged = random.Next(5) == 0 ? 1 : 0;
                var facts = new AppFacts(app, counts[app], Math.Max(0, counts[app] - staged), Math.Min(staged, counts[app]),
                    staged > 0, now);
                var mine = tested.Decide(new AppRef(app, null), facts, metrics)!;
                var theirs = reference.Decide(new AppRef(app, null), facts, metrics)!;
                Assert.Equal((theirs.To, theirs.Rule, theirs.Reason), (mine.To, mine.Rule, mine.Reason));
                Assert.Equal(theirs.Recommendations, mine.Recommendations);
                Assert.Equal(theirs.Adjustments, mine.Adjustments);
                kinds[mine.Kind] = kinds.GetValueOrDefault(mine.Kind) + 1;
                counts[app] = random.Next(10) == 0 ? counts[app] : mine.To;
            }
        }

        Assert.True(kinds[DecisionKind.ScaleOut] > 20 && kinds[DecisionKind.ScaleIn] > 20, string.Join(' ', kinds));
    }

    [Fact]
    public void Policies_can_be_replaced_while_apps_are_watched()
    {
        using var engine = new DecisionEngine(Create());
        var metrics = new FakeMetrics { ["tpm"] = 100 };
        foreach (var max in (int[])[3, 4, 5])
        {
            engine.Use(
                new PolicySet(
                    PolicyParser.Parse("p",
                        $"policy: p\napp: /a\ninstances: {{ max: {max} }}\nmetrics: {{ tpm: {{ actuator: tpm }} }}\nrules:\n  - {{ rule: r, when: tpm > 1, then: {{ set: 9 }} }}").Policies));
            Assert.Equal(max, engine.Decide(new AppRef("/a", null), new AppFacts("/a", 1, 1, 0, false, DateTimeOffset.UnixEpoch),
                metrics)!.To);
        }

        engine.Use(PolicySet.Empty);
        Assert.Null(engine.Decide(new AppRef("/a", null), new AppFacts("/a", 1, 1, 0, false, DateTimeOffset.UnixEpoch), metrics));
    }

    private sealed class OneByOne : IRuleEngine, IRuleSession
    {
        public string Name => "reference";

        public IRuleSession Compile(PolicySet policies) => this;

        public void Evaluate(Policy policy, RuleTick tick, Span<RuleOpinion> opinions)
        {
            for (var i = 0; i < policy.Rules.Count; i++) opinions[i] = policy.Rules[i].Evaluate(tick);
        }

        public void Dispose()
        {
        }
    }
}

public sealed class BuiltInRuleEngineTests : RuleEngineContract
{
    protected override IRuleEngine Create() => new BuiltInRuleEngine();
}
