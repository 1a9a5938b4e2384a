using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// Missing, partial, idle and starting: four reasons why a metric is not a value of all instances, and what each kind of rule
/// makes of them.
/// </summary>
public sealed class IdleTests
{
    private const string Latency = """
        - { rule: slow, when: m > 0.5, then: { add: 1 } }
          - { rule: quick, when: m < 0.2, then: { remove: 1 } }
        """;

    [Fact]
    public void An_app_that_scales_by_latency_gives_its_peak_back_when_nobody_calls()
    {
        var cluster = new Cluster(Policy(Latency), 4);
        cluster.Metrics["m"] = 0.8;
        Assert.Equal(5, cluster.Tick().To);

        cluster.Metrics.Absent("m", Absence.Missing);
        Assert.Equal("m is missing (no sample): held at 5", cluster.Tick().Reason);

        cluster.Metrics.Absent("m", Absence.Idle);
        Assert.Equal("quick: m 0 < 0.2, -1 (m idle)", cluster.Tick().Reason);
        Assert.Equal([3, 2, 1, 1], cluster.Run(TimeSpan.FromSeconds(20)));
        Assert.False(cluster.Engine.Report(Cluster.App)!.MetricsMissing);
        Assert.Equal(0, Assert.Single(cluster.Engine.Report(Cluster.App)!.Metrics).Value);
    }

    [Theory]
    [InlineData("zero", 3)]
    [InlineData("hold", 4)]
    [InlineData("0.3", 4)]
    [InlineData("0.1", 3)]
    [InlineData("600ms", 5)]
    public void The_policy_says_what_idle_counts_as(string onIdle, int expected)
    {
        var cluster = new Cluster(Policy(Latency, $"actuator: m, onIdle: {onIdle}"), 4);
        cluster.Metrics.Absent("m", Absence.Idle);
        var decision = cluster.Tick();
        Assert.Equal(expected, decision.To);
        if (onIdle == "hold") Assert.Equal("m is idle (no sample): held at 4", decision.Reason);
    }

    [Theory]
    [InlineData("min")]
    [InlineData("max")]
    [InlineData("'fallback:2'")]
    [InlineData("{ atLeast: 6 }")]
    public void What_is_given_for_missing_metrics_is_neither_for_idle_ones_nor_for_a_restart(string mode)
    {
        foreach (var absence in new[] { Absence.Idle, Absence.Starting })
        {
            var cluster = new Cluster(Policy(Latency, "actuator: m, onIdle: hold") + $"onMissingMetrics: {mode}\n", 4);
            cluster.Metrics.Absent("m", absence);
            Assert.Equal(4, cluster.Tick().To);
            cluster.Metrics.Absent("m", Absence.Missing);
            Assert.NotEqual(4, cluster.Tick().To);
        }
    }

    [Fact]
    public void A_restart_under_no_load_does_not_grow()
    {
        var cluster = new Cluster(Policy("- { rule: busy, when: m > 0.5, for: 5s, then: { add: 1 } }", "container: cpu"), 1);
        cluster.Metrics.Instances("cpu", (0.02, true));
        Assert.Equal([1, 1], cluster.Run(TimeSpan.FromSeconds(10)));
        // It starts anew, and takes all of the cpu for half a minute.
        cluster.Metrics.Instances("cpu", (0.98, false));
        Assert.Equal([1, 1, 1, 1, 1, 1], cluster.Run(TimeSpan.FromSeconds(30)));
        Assert.Contains("m is not known while instances start", cluster.Tick().Reason, StringComparison.Ordinal);
        cluster.Metrics.Instances("cpu", (0.02, true));
        Assert.Equal([1, 1], cluster.Run(TimeSpan.FromSeconds(10)));
        cluster.Metrics.Instances("cpu", (0.98, true));
        Assert.Equal([1, 2, 2, 3], cluster.Run(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void A_new_instance_that_starts_dampens_growth_and_hides_no_load()
    {
        var cluster = new Cluster(Policy("- { rule: busy, when: m > 0.5, then: { add: 1 } }", "container: cpu"), 2);
        cluster.Metrics.Instances("cpu", (0.9, true), (0.9, false));
        Assert.Equal("m 0.9 > 0.5, +1; it stays, since what is idle or starts is no reason to grow",
            Assert.Single(cluster.Tick().Recommendations).Reason);
        Assert.Equal(2, cluster.Instances);
        cluster.Metrics.Instances("cpu", (0.9, true), (0.2, true));
        Assert.Equal(3, cluster.Tick().To);
    }

    /// <summary>
    /// From three instances; each column is what a metric that is there would do (100, or 0), then: missing, partial (one of
    /// three silent, the others at 100), idle, starting (all), starting (one at 100 while the others are at 0).
    /// </summary>
    [Theory]
    [InlineData("when: m > 50, then: { add: 1 }", 4, 3, 3, 4, 3, 3, 3)]
    [InlineData("when: m < 50, then: { add: 1 }", 3, 4, 3, 3, 3, 3, 4)]
    [InlineData("when: m < 50, then: { remove: 1 }", 3, 2, 3, 3, 2, 3, 2)]
    [InlineData("when: m > 50, then: { remove: 1 }", 2, 3, 3, 3, 3, 3, 3)]
    [InlineData("when: m > 50, then: { multiply: 2 }", 6, 3, 3, 6, 3, 3, 3)]
    [InlineData("when: m > 50, then: { set: 5 }", 5, 3, 3, 3, 3, 3, 3)]
    [InlineData("when: m < 50, then: { set: 5 }", 3, 5, 3, 3, 3, 3, 5)]
    [InlineData("when: m < 50, then: { set: 1 }", 3, 1, 3, 3, 1, 3, 1)]
    [InlineData("when: true, then: { set: m / 20 }", 5, 1, 3, 4, 1, 3, 1)]
    [InlineData("when: true, then: { set: 5 - m / 25 }", 1, 5, 3, 3, 3, 3, 5)]
    [InlineData("when: m > 50, then: { min: 5 }", 5, 3, 3, 5, 3, 3, 3)]
    [InlineData("when: m < 50, then: { min: 5 }", 3, 5, 3, 3, 3, 3, 5)]
    [InlineData("when: m < 50, then: { max: 2 }", 3, 2, 3, 3, 2, 3, 2)]
    [InlineData("when: 'if(m > 50, 5, 1) > instances', then: { add: 2 }", 5, 3, 3, 5, 3, 3, 3)]
    [InlineData("step: { metric: m, steps: [ { above: 50, add: 1 }, { below: 10, remove: 1 } ] }", 4, 2, 3, 4, 2, 3, 2)]
    [InlineData("step: { metric: m, steps: [ { above: 50, remove: 1 }, { below: 10, add: 1 } ] }", 2, 4, 3, 3, 3, 3, 4)]
    [InlineData("target: { metric: m, value: 50 }", 6, 1, 3, 4, 1, 3, 1)]
    [InlineData("target: { metric: '100 - m', value: 50 }", 1, 6, 3, 3, 3, 3, 6)]
    [InlineData("target: { metric: m, value: 20, per: instance }", 5, 1, 3, 4, 1, 3, 1)]
    [InlineData("forecast: { metric: m, value: 50 }", 3, 3, 3, 3, 3, 3, 3)]
    [InlineData("schedule: { cron: '0 0 0 * * ?', until: '0 0 23 * * ?' }, then: { set: m / 20 }", 5, 1, 3, 4, 1, 3, 1)]
    public void Each_kind_of_rule_and_each_kind_of_absence(
        string rule, int high, int low, int missing, int partial, int idle, int starting, int oneStarts)
    {
        var avg = rule.Contains("value: 20", StringComparison.Ordinal) ? "actuator: m, across: sum" : "actuator: m";
        Assert.Equal(high, Of(metrics => All(metrics, avg.EndsWith("sum", StringComparison.Ordinal) ? 100.0 / 3 : 100)));
        Assert.Equal(low, Of(metrics => All(metrics, 0)));
        Assert.Equal(missing, Of(metrics => metrics.Absent("m", Absence.Missing)));
        Assert.Equal(partial, Of(metrics => metrics.Instances("m",
            avg.EndsWith("sum", StringComparison.Ordinal) ? [(40, true), (40, true), (double.NaN, true)]
            : [(100, true), (100, true), (double.NaN, true)])));
        Assert.Equal(idle, Of(metrics => metrics.Absent("m", Absence.Idle)));
        Assert.Equal(starting, Of(metrics => metrics.Absent("m", Absence.Starting)));
        Assert.Equal(oneStarts, Of(metrics => metrics.Instances("m", (0, true), (0, true), (double.NaN, false))));

        int Of(Action<FakeMetrics> metrics)
        {
            var cluster = new Cluster(Policy($"- {{ rule: r, {rule} }}", avg), 3);
            metrics(cluster.Metrics);
            return cluster.Tick().To;
        }

        static void All(FakeMetrics metrics, double value) => metrics.Instances("m", (value, true), (value, true), (value, true));
    }

    [Theory]
    // 12 s spent in 10 calls, none; and a quotient by what is no metric.
    [InlineData("m / n < 0.5", 12, 10, 4)]
    [InlineData("m / n < 0.5", 2, 10, 3)]
    [InlineData("m / n < 0.5", 0, 0, 3)]
    [InlineData("m / n < 0.5", 1, 0, 4)]
    [InlineData("m / max(n, 1) < 0.5", 0, 0, 3)]
    [InlineData("m / (n * staged) < 0.5", 0, 0, 4)]
    [InlineData("m / staged < 0.5", 0, 0, 4)]
    public void A_ratio_of_metrics_without_an_event_is_idle(string when, double m, double n, int expected)
    {
        var cluster = new Cluster(Policy($"- {{ rule: r, when: '{when}', then: {{ remove: 1 }} }}",
            "actuator: m }\n  n: { actuator: n"), 4);
        (cluster.Metrics["m"], cluster.Metrics["n"]) = (m, n);
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Theory]
    [InlineData("when: 'm / n < 0.5', then: { add: 1 }")]
    [InlineData("when: 'm / n < 0.5', then: { set: 9 }")]
    [InlineData("step: { metric: m / n, steps: [ { below: 1, add: 1 } ] }")]
    [InlineData("target: { metric: '10 - m / n', value: 5 }")]
    public void A_ratio_without_an_event_is_no_reason_to_grow(string rule)
    {
        var cluster = new Cluster(Policy($"- {{ rule: r, {rule} }}", "actuator: m }\n  n: { actuator: n"), 4);
        (cluster.Metrics["m"], cluster.Metrics["n"]) = (0, 0);
        Assert.Equal(4, cluster.Tick().To);
        (cluster.Metrics["m"], cluster.Metrics["n"]) = (0, 1);
        Assert.NotEqual(4, cluster.Tick().To);
    }

    [Fact]
    public void Growth_that_rested_on_what_is_idle_waits_its_own_time()
    {
        var cluster = new Cluster(Policy("- { rule: r, when: m < 1 or n > 50, for: 10s, then: { add: 1 } }",
            "actuator: m }\n  n: { actuator: n"), 2);
        cluster.Metrics.Absent("m", Absence.Idle);
        cluster.Metrics["n"] = 0;
        Assert.Equal([2, 2, 2, 2], cluster.Run(TimeSpan.FromSeconds(20)));
        cluster.Metrics["n"] = 60;
        Assert.Equal([2, 2, 3], cluster.Run(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void A_forecast_learns_that_nobody_calls_at_night_and_nothing_of_what_starts()
    {
        var cluster = new Cluster(Policy("- { rule: f, forecast: { metric: m, value: 50 } }"), 2);
        cluster.Metrics.Absent("m", Absence.Idle);
        cluster.Tick();
        Assert.Equal(0, Assert.Single(cluster.Engine.Forecasts(Cluster.App)).Value);
        cluster.Metrics.Instances("m", (80, true), (90, false));
        cluster.Tick();
        Assert.Equal(double.NaN, Assert.Single(cluster.Engine.Forecasts(Cluster.App)).Value);
        Assert.Equal(RuleVerdict.None, Assert.Single(cluster.Engine.Opinions(Cluster.App)).Verdict);
    }

    [Fact]
    public void A_change_between_missing_and_idle_is_seen_though_no_value_changes()
    {
        var cluster = new Cluster(Policy(Latency, "actuator: m, onIdle: hold") + "onMissingMetrics: max\n", 4);
        cluster.Metrics.Absent("m", Absence.Idle);
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics.Absent("m", Absence.Missing);
        Assert.Equal(10, cluster.Tick().To);
    }

    private static string Policy(string rules, string source = "actuator: m") => $$"""
        policy: p
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          m: { {{source}} }
        rules:
          {{rules}}
        scaleOut: { limit: none }
        scaleIn: { stabilization: 0s, limit: none }

        """;
}
