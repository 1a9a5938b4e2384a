using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// The order in which rules fire depends on what was before; a decision must not. Apps in any order, one by one or all at once,
/// with others beside them or after others have left: the same decision and the same text.
/// </summary>
public sealed class DeterminismTests
{
    [Fact]
    public void Any_order_and_any_company_gives_the_same_decisions()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var policies = new PolicySet(PolicyParser.Parse("p.yml", RandomPolicies.Write(random)).Policies);
            var (together, shuffled, alone) = (new DecisionEngine(), new DecisionEngine(), new DecisionEngine());
            foreach (var engine in (DecisionEngine[])[together, shuffled, alone]) engine.Use(policies);
            var metrics = new FakeMetrics();
            var now = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
            var counts = Enumerable.Range(0, 6).ToDictionary(i => $"/a{i}", _ => random.Next(8));
            for (var tick = 0; tick < 20; tick++)
            {
                now += TimeSpan.FromSeconds(random.Next(1, 10));
                foreach (var name in (string[])["sum", "avg", "most", "queue"])
                {
                    if (random.Next(5) == 0) metrics.Remove(name);
                    else if (random.Next(2) == 0) metrics[name] = random.Next(60);
                }

                var apps =
                    counts.Select(app => (new AppRef(app.Key, null), new AppFacts(app.Key, app.Value, app.Value, 0, false, now)))
                    .ToArray();
                var expected = All(together, apps, metrics);
                random.Shuffle(apps);
                Same(expected, All(shuffled, apps, metrics));
                var single = new Dictionary<string, Decision>();
                foreach (var (app, facts) in apps) single.Add(app.Id, alone.Decide(app, facts, metrics)!);
                Same(expected, single);
                foreach (var (app, decision) in expected) counts[app] = decision.To;

                // One app leaves, and comes back as a new one.
                if (random.Next(4) > 0) continue;
                var gone = $"/a{random.Next(6)}";
                foreach (var engine in (DecisionEngine[])[together, shuffled, alone]) engine.Forget(gone);
            }
        }
    }

    private static Dictionary<string, Decision> All(DecisionEngine engine, (AppRef, AppFacts)[] apps, FakeMetrics metrics)
    {
        var decisions = new Dictionary<string, Decision>();
        engine.DecideAll(apps, metrics, (app, decision, fault) => decisions.Add(app.Id, fault is null ? decision! : throw fault));
        return decisions;
    }

    private static void Same(Dictionary<string, Decision> expected, Dictionary<string, Decision> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (app, decision) in expected)
        {
            Assert.Equal((decision.At, decision.To, decision.Rule, decision.Reason),
                (actual[app].At, actual[app].To, actual[app].Rule, actual[app].Reason));
        }
    }
}
