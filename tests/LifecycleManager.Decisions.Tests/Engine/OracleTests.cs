using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Oracle;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// The rules of NRules decide as the evaluator of before did, tick for tick and word for word: seeded policies over seeded
/// series, with metrics that are missing, partial or new, counts that others change, clocks that jump and policies that are
/// edited.
/// </summary>
public sealed class OracleTests
{
    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 500)]
    public void Decisions_are_those_of_the_oracle(int seed, int policies)
    {
        var (decided, moved, waited, unknown) = (0, 0, 0, 0);
        for (var i = 0; i < policies; i++)
        {
            var random = new Random((seed * 1_000_003) + i);
            var text = RandomPolicies.Write(random);
            var (engine, oracle) = (new DecisionEngine(), new OracleEngine());
            engine.Use(Parse(text));
            oracle.Use(Parse(text));
            var run = new RandomSeries(random);
            for (var tick = 0; tick < 25; tick++)
            {
                run.Next();
                if (random.Next(30) == 0)
                {
                    text = random.Next(2) == 0 ? text + $"x-{tick}: another text\n" : RandomPolicies.Write(random);
                    engine.Use(Parse(text));
                    oracle.Use(Parse(text));
                }

                foreach (var app in run.Apps)
                {
                    var facts = run.Facts(app);
                    var expected = oracle.Decide(new AppRef(app, null), facts, run.Metrics)!;
                    var actual = engine.Decide(new AppRef(app, null), facts, run.Metrics)!;
                    var where = $"seed {seed}, policy {i}, tick {tick}, {app}\n{text}";
                    Same(expected, actual, where);
                    Same(oracle.Explain(app)!, engine.Explain(app)!, where);
                    var opinions = oracle.Opinions(app);
                    Assert.True(opinions.SequenceEqual(engine.Opinions(app)),
                        $"{where}\n{string.Join('\n', opinions)}\n---\n{string.Join('\n', engine.Opinions(app))}");
                    run.Apply(app, actual);
                    decided++;
                    if (actual.Kind != DecisionKind.Hold) moved++;
                    if (opinions.Any(opinion => opinion.Verdict == Decisions.Rules.RuleVerdict.Waiting)) waited++;
                    if (opinions.Any(opinion => opinion.Verdict == Decisions.Rules.RuleVerdict.Unknown)) unknown++;
                }
            }
        }

        // What never happens proves nothing.
        Assert.True(Math.Min(moved, Math.Min(waited, unknown)) > decided / 50, $"{decided}: {moved} {waited} {unknown}");
    }

    private static PolicySet Parse(string text)
    {
        var file = PolicyParser.Parse("p.yml", text);
        Assert.True(file.Policies.Count == 1, string.Join('\n', file.Problems) + "\n" + text);
        return new PolicySet(file.Policies);
    }

    private static void Same(Decision expected, Decision actual, string where)
    {
        var same = (expected.At, expected.App, expected.Rule, expected.From, expected.To, expected.Reason, expected.DryRun)
            == (actual.At, actual.App, actual.Rule, actual.From, actual.To, actual.Reason, actual.DryRun);
        Assert.True(same, $"{where}\n{expected}\n{actual}");
        Assert.True(expected.Recommendations.SequenceEqual(actual.Recommendations), where);
        Assert.True(expected.Adjustments.SequenceEqual(actual.Adjustments), where);
        Assert.Equal(expected.Metrics, actual.Metrics);
    }
}
