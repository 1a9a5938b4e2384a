using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine;

public sealed class DecisionEngineTests
{
    private const string Book = """
        policy: search
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            for: 30s
            then: { add: 1 }
        """;

    private static string Policy(string rules, string rest = "", int min = 1, int max = 10) => $$"""
        policy: search
        app: /search
        instances: { min: {{min}}, max: {{max}} }
        metrics:
          tpm: { actuator: tpm, across: sum }
          cpu: { actuator: cpu }
        rules:
          - { rule: uses both, when: 'cpu < 0 and tpm < 0', then: { add: 1 } }
        {{rules}}
        {{rest}}
        """;

    private const string Both = """
          - { rule: up, when: tpm > 10 * instances, then: { add: 1 } }
          - { rule: down, when: tpm < 8 * (instances - 1), then: { remove: 1 } }
        """;

    [Fact]
    public void The_books_example_scales_out_and_the_reason_reads_so()
    {
        var cluster = new Cluster(Book, 2) { Metrics = { ["gauge.servo.tpm"] = 24 } };
        Assert.Equal("no rule asks for a change", cluster.Tick().Reason);
        cluster.Run(TimeSpan.FromSeconds(25));
        Assert.Equal(2, cluster.Instances);
        var decision = cluster.Tick();
        Assert.Equal("too many transactions: tpm 24 > 10 * instances 2 for 30s, +1", decision.Reason);
        Assert.Equal((2, 3, DecisionKind.ScaleOut, "too many transactions"),
            (decision.From, decision.To, decision.Kind, decision.Rule));
        Assert.Equal(24, decision.Metrics["tpm"]);
        Assert.Equal([new Recommendation("too many transactions", 3, "tpm 24 > 10 * instances 2 for 30s, +1")],
            decision.Recommendations);
    }

    [Fact]
    public void Each_step_waits_its_own_time()
    {
        var cluster = new Cluster(Book, 1) { Metrics = { ["gauge.servo.tpm"] = 35 } };
        var counts = cluster.Run(TimeSpan.FromSeconds(120), 10);
        Assert.Equal([1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4], counts);
    }

    [Fact]
    public void A_condition_that_breaks_or_becomes_unknown_starts_its_wait_anew()
    {
        var cluster = new Cluster(Book, 2) { Metrics = { ["gauge.servo.tpm"] = 24 } };
        cluster.Run(TimeSpan.FromSeconds(25));
        cluster.Metrics["gauge.servo.tpm"] = 20;
        cluster.Tick();
        cluster.Metrics["gauge.servo.tpm"] = 24;
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(2, cluster.Instances);
        cluster.Metrics.Remove("gauge.servo.tpm");
        cluster.Tick();
        cluster.Metrics["gauge.servo.tpm"] = 24;
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(2, cluster.Instances);
        Assert.Equal(3, cluster.Tick().To);
    }

    [Fact]
    public void Growth_takes_the_highest_and_shrinking_needs_every_rule_with_an_opinion()
    {
        var policy = Policy("""
              - { rule: by cpu, target: { metric: cpu, value: 0.5 } }
              - { rule: by tpm, target: { metric: tpm, value: 10, per: instance } }
            """, "scaleIn: { stabilization: 0s }");
        var cluster = new Cluster(policy, 4) { Metrics = { ["cpu"] = 1.0, ["tpm"] = 60 } };
        var decision = cluster.Tick();
        Assert.Equal((8, "by cpu"), (decision.To, decision.Rule));
        Assert.Equal([8, 6], decision.Recommendations.Select(one => one.Count));

        cluster.Metrics["cpu"] = 0.1;
        cluster.Metrics["tpm"] = 80;
        decision = cluster.Tick();
        Assert.Equal((DecisionKind.Hold, "by tpm"), (decision.Kind, decision.Rule));
        cluster.Metrics["tpm"] = 30;
        Assert.Equal((3, "by tpm"), (cluster.Tick() is var last ? last.To : 0, last.Rule));
    }

    [Theory]
    [InlineData("hold", 4)]
    [InlineData("min", 1)]
    [InlineData("max", 10)]
    [InlineData("fallback:6", 6)]
    [InlineData("{ fallback: 2 }", 2)]
    [InlineData("{ atLeast: 6 }", 6)]
    [InlineData("{ atLeast: 2 }", 4)]
    public void A_missing_metric_does_what_the_policy_says(string mode, int expected)
    {
        var policy = Policy(Both, $"onMissingMetrics: {mode}\nscaleIn: {{ stabilization: 0s }}\nscaleOut: {{ limit: none }}");
        var cluster = new Cluster(policy, 4) { Metrics = { ["cpu"] = 1 } };
        var decision = cluster.Tick();
        Assert.Equal(expected, decision.To);
        Assert.StartsWith("tpm is missing (no sample): ", decision.Reason, StringComparison.Ordinal);
        Assert.Equal("missing metrics", decision.Adjustments[0].By);
        Assert.Null(decision.Metrics["tpm"]);
    }

    [Theory]
    [InlineData("onMissingMetrics: { atLeast: 3, fallback: 4 }", "one of 'use', 'fallback' and 'atLeast'")]
    [InlineData("onMissingMetrics: { after: 1m }", "one of 'use', 'fallback' and 'atLeast'")]
    [InlineData("onMissingMetrics: { atLeast: 11 }", "the count 11 is outside of the bounds 1 to 10")]
    public void What_is_to_be_done_without_metrics_is_one_thing_within_the_bounds(string missing, string problem) =>
        Assert.Contains(PolicyParser.Parse("p.yml", Policy(Both, missing)).Problems,
            found => found.ToString().Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(10, 5)]
    public void Half_of_one_is_none_where_the_bounds_allow_it(int instances, int expected)
    {
        var policy = Policy("  - { rule: half, when: tpm < 5, then: { multiply: 0.5 } }", "scaleIn: { stabilization: 0s }",
            min: 0);
        Assert.Equal(expected, new Cluster(policy, instances) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 } }.Tick().To);
    }

    [Fact]
    public void A_fallback_may_wait()
    {
        var cluster = new Cluster(Policy(Both, "onMissingMetrics: { fallback: 6, after: 1m }"), 4);
        Assert.Equal("cpu is missing (no sample): held, fallback to 6 after 1m", cluster.Tick().Reason);
        cluster.Run(TimeSpan.FromSeconds(55));
        Assert.Equal(4, cluster.Instances);
        Assert.Equal("cpu is missing (no sample): fallback to 6, 6", cluster.Tick().Reason);
    }

    [Fact]
    public void Unknown_never_scales_in_but_the_known_may_scale_out()
    {
        var policy = Policy("""
              - { rule: by cpu, target: { metric: cpu, value: 0.5 } }
              - { rule: by tpm, target: { metric: tpm, value: 10, per: instance } }
            """, "scaleIn: { stabilization: 0s }");
        var cluster = new Cluster(policy, 4) { Metrics = { ["cpu"] = 0.1 } };
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics["cpu"] = 0.8;
        Assert.Equal(7, cluster.Tick().To);
        cluster.Metrics["cpu"] = double.PositiveInfinity;
        Assert.Equal(7, cluster.Tick().To);
        cluster.Metrics["cpu"] = 0.1;
        cluster.Metrics["tpm"] = 10;
        Assert.Equal(2, cluster.Tick().To);
    }

    [Fact]
    public void Staged_instances_are_not_asked_for_twice()
    {
        var cluster = new Cluster(Policy("  - { rule: busy, when: cpu > 0.8, then: { add: 2 } }"),
            2)
        { Metrics = { ["cpu"] = 0.9, ["tpm"] = 1 } };
        Assert.Equal(4, cluster.Tick().To);
        (cluster.Healthy, cluster.Staged, cluster.Deploying) = (2, 2, true);
        cluster.Applies = false;
        var held = cluster.Tick();
        Assert.Equal(4, held.To);
        Assert.Equal("busy: cpu 0.9 > 0.8, +2 (2 of 4 not serving yet)", held.Reason);
        (cluster.Healthy, cluster.Staged) = (3, 0);
        Assert.Equal(5, cluster.Tick().To);
        (cluster.Healthy, cluster.Deploying) = (4, false);
        Assert.Equal(6, cluster.Tick().To);
    }

    [Fact]
    public void An_unhealthy_app_without_a_deployment_still_grows()
    {
        var cluster = new Cluster(Policy("  - { rule: busy, when: cpu > 0.8, then: { add: 1 } }"),
            2)
        { Metrics = { ["cpu"] = 0.9, ["tpm"] = 1 } };
        cluster.Healthy = 1;
        Assert.Equal(3, cluster.Tick().To);
    }

    [Theory]
    [InlineData("{ add: 50% }", 3, 5)]
    [InlineData("{ add: 10% }", 3, 4)]
    [InlineData("{ remove: 50% }", 3, 2)]
    [InlineData("{ remove: 10% }", 3, 2)]
    [InlineData("{ remove: 5 }", 3, 1)]
    [InlineData("{ multiply: 1.5 }", 3, 5)]
    [InlineData("{ multiply: 0.5 }", 3, 2)]
    [InlineData("{ set: 7 }", 3, 7)]
    [InlineData("{ set: 'tpm / 10' }", 3, 3)]
    [InlineData("{ set: 'tpm / 4 + 0.1' }", 3, 8)]
    [InlineData("{ set: 20 }", 3, 10)]
    [InlineData("{ min: 6 }", 3, 6)]
    [InlineData("{ max: 2 }", 3, 2)]
    [InlineData("{ min: 1, max: 3 }", 3, 3)]
    public void Actions_do_what_they_say(string then, int instances, int expected)
    {
        var cluster = new Cluster(
            Policy($"  - {{ rule: r, when: true, then: {then} }}", "scaleIn: { stabilization: 0s }\nscaleOut: { limit: none }"),
            instances)
        {
            Metrics = { ["cpu"] = 0.9, ["tpm"] = 30 },
        };
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Fact]
    public void Steps_do_more_the_farther_the_value_is_off()
    {
        var policy = Policy("""
              - rule: queue
                for: 10s
                step:
                  metric: tpm / instances
                  steps:
                    - { above: 100, add: 1 }
                    - { above: 500, add: 3 }
                    - { below: 10, remove: 1 }
                    - { below: 2, remove: 50% }
            """, "scaleIn: { stabilization: 0s }");
        var cluster = new Cluster(policy, 2) { Metrics = { ["tpm"] = 250, ["cpu"] = 1 } };
        cluster.Tick();
        cluster.Metrics["tpm"] = 1200;
        cluster.Tick();
        var decision = cluster.Tick();
        Assert.Equal("queue: tpm 1200 / instances 2 is over 500 for 10s, +3", decision.Reason);
        Assert.Equal(5, decision.To);
        cluster.Metrics["tpm"] = 200;
        Assert.Equal(5, cluster.Run(TimeSpan.FromSeconds(60))[^1]);
        cluster.Metrics["tpm"] = 5;
        Assert.Equal([5, 5, 3, 3, 3, 2], cluster.Run(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_window_narrows_the_bounds_and_the_reason_names_it()
    {
        var policy = Policy("""
              - rule: night
                schedule: { cron: '0 0 22 * * ?', zone: Europe/London, until: '0 0 6 * * ?' }
                then: { max: 2 }
            """);
        var cluster = new Cluster(policy, 5) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 }, Now = At("2026-07-01T20:59:50Z") };
        Assert.Equal(5, cluster.Tick().To);
        var decision = cluster.Tick();
        Assert.Equal((2, "night"), (decision.To, decision.Rule));
        Assert.Equal("night: from 0 0 22 * * ? until 0 0 6 * * ? (Europe/London), at most 2; 5 is more than at most 2",
            decision.Reason);
        Assert.Equal(new InstanceBounds(1, 2), cluster.Engine.Report(Cluster.App)!.Bounds);
        cluster.Now = At("2026-07-02T04:59:50Z");
        Assert.Equal(new InstanceBounds(1, 2), Bounds());
        Assert.Equal(new InstanceBounds(1, 10), Bounds());

        var schedule = Assert.Single(new PolicySet(PolicyParser.Parse("p.yml", policy).Policies).Schedules);
        Assert.Equal(At("2026-07-02T21:00:00Z"), schedule.NextChange(cluster.Now));
        Assert.Equal(At("2026-07-03T05:00:00Z"), schedule.NextChange(At("2026-07-02T21:00:00Z")));
        Assert.True(schedule.IsActive(At("2026-07-02T21:00:00Z")));
        Assert.False(schedule.IsActive(At("2026-07-02T20:59:59Z")));

        InstanceBounds Bounds()
        {
            cluster.Tick();
            return cluster.Engine.Report(Cluster.App)!.Bounds;
        }
    }

    [Fact]
    public void A_schedule_without_an_end_asks_once_and_waits_out_a_cooldown()
    {
        var policy = Policy("""
              - rule: lunch
                schedule: { cron: '0 0 12 * * ?' }
                then: { set: 5 }
              - { rule: up, when: tpm > 10, then: { add: 1 } }
            """, "scaleOut: { cooldown: 1m }");
        var cluster = new Cluster(policy, 2) { Metrics = { ["tpm"] = 11, ["cpu"] = 1 }, Now = At("2026-07-01T11:59:45Z") };
        Assert.Equal(3, cluster.Tick().To);
        cluster.Metrics["tpm"] = 1;
        Assert.Equal(3, cluster.Tick().To);
        var held = cluster.Tick();
        Assert.Equal("lunch: at 0 0 12 * * ? (UTC), to 5; cooldown until 12:00:50", held.Reason);
        Assert.Equal([3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5], cluster.Run(TimeSpan.FromSeconds(55)));
        cluster.Instances = cluster.Healthy = 4;
        Assert.All(cluster.Run(TimeSpan.FromMinutes(20)), count => Assert.Equal(4, count));
    }

    [Fact]
    public void Scale_in_waits_until_less_was_enough_for_the_whole_window()
    {
        var cluster = new Cluster(Policy(Both, "scaleIn: { stabilization: 1m }"),
            4)
        { Metrics = { ["tpm"] = 5, ["cpu"] = 1 } };
        var held = cluster.Tick();
        Assert.Equal("down: tpm 5 < 8 * (instances 4 - 1), -1; 4 or more was recommended within the last 1m", held.Reason);
        Assert.Equal("stabilization", Assert.Single(held.Adjustments).By);
        Assert.Equal(4, cluster.Run(TimeSpan.FromSeconds(50))[^1]);
        Assert.Equal(3, cluster.Tick(15).To);
    }

    [Fact]
    public void A_short_peak_is_not_followed_where_growth_is_stabilized()
    {
        var cluster = new Cluster(Policy(Both, "scaleOut: { stabilization: 30s }"),
            2)
        { Metrics = { ["tpm"] = 30, ["cpu"] = 1 } };
        cluster.Tick();
        Assert.Equal("up: tpm 30 > 10 * instances 2, +1; 2 was enough within the last 30s", cluster.Tick().Reason);
        cluster.Metrics["tpm"] = 15;
        cluster.Tick();
        cluster.Metrics["tpm"] = 30;
        Assert.Equal(2, cluster.Run(TimeSpan.FromSeconds(25))[^1]);
        Assert.Equal(3, cluster.Tick(10).To);
    }

    [Fact]
    public void Limits_hold_over_a_sliding_period_and_say_so()
    {
        var policy = Policy("  - { rule: r, when: tpm > 0, then: { set: 10 } }", "scaleOut: { limit: [ 2 per 1m ] }");
        var cluster = new Cluster(policy, 1) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 } };
        var first = cluster.Tick();
        Assert.Equal("r: tpm 1 > 0, to 10; limited to 3 by 2 per 1m", first.Reason);
        Assert.Equal(new Adjustment("limit", 10, 3, "limited to 3 by 2 per 1m"), Assert.Single(first.Adjustments));
        Assert.All(cluster.Run(TimeSpan.FromSeconds(55)), count => Assert.Equal(3, count));
        Assert.Equal(5, cluster.Tick().To);
    }

    [Fact]
    public void A_decision_that_was_not_carried_out_counts_for_nothing()
    {
        var policy = Policy("  - { rule: r, when: tpm > 0, then: { set: 10 } }",
            "scaleOut: { limit: [ 2 per 1m ], cooldown: 1h }");
        var cluster = new Cluster(policy, 1) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 }, Applies = false };
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal(3, cluster.Tick().To));
        cluster.Applies = true;
        Assert.Equal(3, cluster.Tick().To);
        Assert.Contains("limited to 3", cluster.Tick().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_and_dry_run_and_disabled_change_nothing_and_say_so()
    {
        const string Rule = "  - { rule: r, when: tpm > 0, then: { set: 5 } }";
        var (reason, to) = Once(Policy(Rule, "pause: scaleOut"), 2);
        Assert.Equal(("r: tpm 1 > 0, to 5; scale-out is paused", 2), (reason, to));
        Assert.Equal(("scale-out is switched off", 2), Once(Policy(Rule, "scaleOut: { select: disabled }"), 2) is var x
            ? (x.Reason.Split("; ")[1], x.To) : default);
        Assert.Equal(("scale-in is switched off", 8),
            Once(Policy(Rule, "scaleIn: { select: disabled, stabilization: 0s }"), 8) is var y
                ? (y.Reason.Split("; ")[1], y.To) : default);
        Assert.Equal(12, Once(Policy(Rule, "pause: all"), 12).To);

        var dry = new Cluster(Policy(Rule, "dryRun: true\ncooldown: 1h"), 2) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 } };
        Assert.All(Enumerable.Range(0, 3).Select(_ => dry.Tick()),
            decision => Assert.Equal((5, true), (decision.To, decision.DryRun)));

        static (string Reason, int To) Once(string policy, int instances)
        {
            var cluster = new Cluster(policy, instances) { Metrics = { ["tpm"] = 1, ["cpu"] = 1 } };
            var decision = cluster.Tick();
            return (decision.Reason, decision.To);
        }
    }

    [Fact]
    public void A_count_outside_of_the_bounds_goes_to_the_nearest_bound_at_once()
    {
        var cluster = new Cluster(Policy(Both, "scaleIn: { limit: 1 per 1h }", min: 2, max: 4),
            9)
        { Metrics = { ["tpm"] = 1000, ["cpu"] = 1 } };
        var decision = cluster.Tick();
        Assert.Equal("9 is more than at most 4", decision.Reason);
        Assert.Equal((4, (string?)null), (decision.To, decision.Rule));
        cluster.Instances = 1;
        Assert.Equal(2, cluster.Tick().To);
    }

    [Fact]
    public void An_app_that_was_switched_off_stays_off_and_one_at_zero_by_its_policy_wakes()
    {
        var off = new Cluster(Policy(Both), 0) { Metrics = { ["tpm"] = 1000, ["cpu"] = 1 } };
        Assert.Equal(0, off.Tick().To);
        Assert.StartsWith("suspended:", off.Tick().Reason, StringComparison.Ordinal);

        var policy = Policy("  - { rule: queue, target: { metric: tpm, value: 20, per: instance, activation: 5 } }",
            "scaleIn: { stabilization: 30s }", min: 0);
        var asleep = new Cluster(policy, 0) { Metrics = { ["tpm"] = 5, ["cpu"] = 1 } };
        Assert.Equal("queue: tpm 5 needs no instance", asleep.Tick().Reason);
        asleep.Metrics["tpm"] = 61;
        var wakes = asleep.Tick();
        Assert.Equal((4, "queue: tpm 61 needs instances, 20 per instance is the target, 0 -> 4"), (wakes.To, wakes.Reason));
        asleep.Metrics["tpm"] = 3;
        Assert.Equal([4, 4, 4, 4, 4, 0], asleep.Run(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_reload_keeps_the_timers_of_what_did_not_change()
    {
        var cluster = new Cluster(Book, 2) { Metrics = { ["gauge.servo.tpm"] = 24 } };
        cluster.Run(TimeSpan.FromSeconds(25));
        cluster.Use("# another layout\n" + Book);
        cluster.Tick();
        Assert.Equal(3, cluster.Tick().To);
        cluster.Metrics["gauge.servo.tpm"] = 34;
        cluster.Run(TimeSpan.FromSeconds(25));
        cluster.Use(Book.Replace("+ 1", "+ 2", StringComparison.Ordinal).Replace("max: 10", "max: 9", StringComparison.Ordinal));
        cluster.Tick();
        Assert.Equal(3, cluster.Tick().To);
        Assert.Equal(4, cluster.Run(TimeSpan.FromSeconds(25))[^1]);
    }

    [Fact]
    public void A_clock_that_jumps_back_neither_crashes_nor_acts_early()
    {
        var cluster = new Cluster(Book, 2) { Metrics = { ["gauge.servo.tpm"] = 24 } };
        cluster.Run(TimeSpan.FromSeconds(25));
        cluster.Now -= TimeSpan.FromHours(1);
        Assert.All(cluster.Run(TimeSpan.FromSeconds(30)), count => Assert.Equal(2, count));
        Assert.Equal(3, cluster.Tick().To);
        Assert.Equal(3, cluster.Tick(86400).To);
    }

    [Fact]
    public void A_quiet_app_costs_no_memory_and_is_the_same_hold()
    {
        var cluster =
            new Cluster(
                Policy(Both
                    + "\n  - { rule: by cpu, target: { metric: cpu, value: 0.5 } }\n  - { rule: night, schedule: { cron: '0 0 22 * * ?', until: '0 0 6 * * ?' }, then: { max: 8 } }"), 3)
            {
                Metrics = { ["tpm"] = 25, ["cpu"] = 0.5 },
            };
        var first = cluster.Tick();
        for (var i = 0; i < 50; i++) Assert.Same(first, cluster.Tick());
        cluster.Metrics["cpu"] = 0.51;
        cluster.Tick();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) cluster.Tick();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        var explained = cluster.Engine.Explain(Cluster.App)!;
        Assert.Equal("by cpu: cpu 0.51 within 10% of 0.5", explained.Reason);
        Assert.Equal(cluster.Now, explained.At);
        Assert.NotEqual(first.At, explained.At);
    }

    [Fact]
    public void The_report_has_the_bounds_the_values_and_the_thresholds()
    {
        var cluster = new Cluster(Book, 2) { Metrics = { ["gauge.servo.tpm"] = 12 } };
        cluster.Tick();
        var report = cluster.Engine.Report(Cluster.App)!;
        Assert.Equal([KeyValuePair.Create("tpm", (double?)12)], report.Metrics);
        Assert.Equal([KeyValuePair.Create("tpm", (double?)20)], report.Thresholds);
        Assert.False(report.MetricsMissing);
        var labels = new Dictionary<string, string> { ["team"] = "a" };
        var demand = Assert.Single(cluster.Engine.Demands([new AppRef("/search", labels), new AppRef("/other", null)]));
        Assert.Equal(("/search", "gauge.servo.tpm"), (demand.App, demand.Query.Selector));
        Assert.Same(labels, demand.Labels);
    }

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture);
}
