using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>What fails in the middle of a tick fails for the apps that it concerns, and for this tick.</summary>
public sealed class EngineFaultTests
{
    private static readonly PolicySet Policies = new(PolicyParser.Parse("p.yml", """
        policy: by instance
        app: /t*
        instances: { min: 1, max: 9 }
        metrics: { m: { actuator: m } }
        rules: [ { rule: target, target: { metric: m, value: 5 } } ]
        ---
        policy: by threshold
        app: /w*
        instances: { min: 1, max: 9 }
        metrics: { m: { actuator: m, across: sum } }
        rules:
          - { rule: up, when: m > 1, for: 10s, then: { add: 1 } }
        """).Policies);

    private readonly DecisionEngine _engine = new();
    private readonly BreakingMetrics _metrics = new();
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public EngineFaultTests() => _engine.Use(Policies);

    [Fact]
    public void A_reading_that_throws_fails_its_app_alone()
    {
        Tick();
        _metrics.Broken = "/t1";
        _metrics.Load = 20;
        var (decisions, faults) = Tick();
        Assert.Equal(["/t1"], faults.Keys);
        Assert.Contains("broken", faults["/t1"].Message, StringComparison.Ordinal);
        Assert.Equal(["/t2", "/w1", "/w2"], decisions.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(7, decisions["/t2"].To);
        _metrics.Broken = null;
        (decisions, faults) = Tick();
        Assert.Empty(faults);
        Assert.Equal(7, decisions["/t1"].To);
    }

    [Fact]
    public void A_rule_that_throws_holds_the_apps_of_its_policy_and_the_next_tick_begins_anew()
    {
        Tick();
        _metrics.Load = 20;
        _metrics.BreaksInRules = true;
        var (decisions, faults) = Tick();
        Assert.Equal(["/t1", "/t2"], faults.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["/w1", "/w2"], decisions.Keys.Order(StringComparer.Ordinal));
        _metrics.BreaksInRules = false;
        (decisions, faults) = Tick();
        Assert.Empty(faults);
        Assert.Equal(7, decisions["/t1"].To);
        Assert.Equal(7, decisions["/t2"].To);
    }

    [Fact]
    public void A_wait_goes_on_while_another_policy_fails()
    {
        _metrics.BreaksInRules = true;
        var first = Tick();
        Assert.Equal(2, first.Faults.Count);
        Tick();
        var (decisions, _) = Tick();
        Assert.Equal(4, decisions["/w1"].To);
    }

    private (Dictionary<string, Decision> Decisions, Dictionary<string, Exception> Faults) Tick()
    {
        _now += TimeSpan.FromSeconds(5);
        var (decisions, faults) = (new Dictionary<string, Decision>(), new Dictionary<string, Exception>());
        string[] apps = ["/t1", "/t2", "/w1", "/w2"];
        _engine.DecideAll(apps.Select(app => (new AppRef(app, null), new AppFacts(app, 3, 3, 0, false, _now))), _metrics,
            (app, decision, fault) =>
            {
                if (fault is null) decisions.Add(app.Id, decision!);
                else faults.Add(app.Id, fault);
            });
        return (decisions, faults);
    }

    private sealed class BreakingMetrics : IMetricReader
    {
        private int _reads;

        public double Load { get; set; } = 5;

        public string? Broken { get; set; }

        /// <summary>
        /// Single instances can be read while the facts are brought up to date, and not any more while rules fire.
        /// </summary>
        public bool BreaksInRules { get; set; }

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => appId == Broken
            ? throw new InvalidDataException("broken")
            : new MetricReading(Load, null, 3, 3, now);

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
            if (BreaksInRules && ++_reads % 3 == 0) throw new InvalidDataException("broken in a rule");
            for (var i = 0; i < 3; i++) into.Add(new InstanceReading($"task-{i}", Load, true, null));
        }
    }
}
