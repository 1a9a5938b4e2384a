using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Engine.Islands;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>A scale-in after which things are worse is taken back once, and nothing is scaled in for a while.</summary>
public sealed class ScaleInWatchTests
{
    private const string TakenBack = "the scale-in from 5 to 4 is taken back: latency is 0.31, 24% worse than 0.25 just before";

    private static string Policy(
        string worse = "{ metric: latency }", string rest = "scaleOut: { limit: none }", int max = 20) => $$"""
        policy: search
        app: /search
        instances: { min: 1, max: {{max}} }
        metrics:
          load: { actuator: load, across: sum }
          latency: { actuator: latency }
        rules:
          - { rule: less, when: load < 5 * instances, then: { remove: 1 } }
          - { rule: more, when: load > 10 * instances or latency > 100, then: { add: 1 } }
        scaleIn: { stabilization: 0s, limit: none, worse: {{worse}} }
        {{rest}}
        """;

    [Fact]
    public void A_metric_that_is_worse_takes_the_step_back_and_holds_scale_in_for_a_quarter_of_an_hour()
    {
        var cluster = Shrunk();
        cluster.Metrics["latency"] = 0.31;
        var back = cluster.Tick();
        Assert.Equal((4, 5, DecisionKind.ScaleOut, (string?)null), (back.From, back.To, back.Kind, back.Rule));
        Assert.Equal(TakenBack, back.Reason);
        Assert.Equal([new Adjustment("worse", 4, 5, TakenBack)], back.Adjustments);
        var until = cluster.Now.AddMinutes(15);
        var why = "after the scale-in from 5 to 4 latency is 0.31, 24% worse than 0.25 just before";
        Assert.Equal(new ScalingHold(cluster.Now, until, why), cluster.Engine.Report(Cluster.App)!.ScaleInHeld);

        // The load would have it smaller at once; what is better again does not end the hold.
        cluster.Metrics["load"] = 1;
        cluster.Metrics["latency"] = 0.25;
        while (cluster.Now < until.AddSeconds(-5))
        {
            var held = cluster.Tick();
            Assert.Equal(5, held.To);
            Assert.Equal($"less: load 1 < 5 * instances 5, -1; scale-in is held until 12:15:10: {why}", held.Reason);
        }

        Assert.Equal(until, cluster.Engine.NextDue(new Decisions.Rules.Due(cluster.Now, cluster.Now)).Steady);
        Assert.Equal(4, cluster.Tick().To);
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleInHeld);
    }

    [Theory]
    [InlineData(0.3, true)]
    [InlineData(0.2999, false)]
    [InlineData(0.1, false)]
    public void Worse_is_a_fifth_or_more_over_what_it_was(double latency, bool isWorse)
    {
        var cluster = Shrunk();
        cluster.Metrics["latency"] = latency;
        Assert.Equal(isWorse ? 5 : 4, cluster.Tick().To);
    }

    [Theory]
    [InlineData(3, false, true)]
    [InlineData(4, false, false)]
    [InlineData(3, true, false)]
    public void The_share_of_healthy_instances_is_watched_with_or_without_a_metric(int healthy, bool deploying, bool isWorse)
    {
        foreach (var worse in new[] { "{}", "{ metric: latency }" })
        {
            var cluster = Shrunk(worse);
            (cluster.Healthy, cluster.Deploying) = (healthy, deploying);
            var decision = cluster.Tick();
            Assert.Equal(isWorse ? 5 : 4, decision.To);
            if (isWorse)
            {
                Assert.Equal("the scale-in from 5 to 4 is taken back: the share of healthy instances is 0.75, "
                    + "25% worse than 1 just before", decision.Reason);
            }
        }
    }

    [Theory]
    [InlineData("before", Absence.Missing)]
    [InlineData("before", Absence.Idle)]
    [InlineData("before", Absence.Starting)]
    [InlineData("after", Absence.Missing)]
    [InlineData("after", Absence.Idle)]
    [InlineData("after", Absence.Starting)]
    public void What_is_not_known_is_never_worse(string when, Absence absence)
    {
        // No rule reads what is not there: it is watched alone.
        var text = Policy().Replace(" or latency > 100", "", StringComparison.Ordinal);
        var cluster = new Cluster(text, 5) { Metrics = { ["load"] = 20 } };
        if (when == "before") cluster.Metrics.Absent("latency", absence);
        else cluster.Metrics["latency"] = 0.25;
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics["load"] = 30;
        if (when == "after") cluster.Metrics.Absent("latency", absence);
        else cluster.Metrics["latency"] = 99;
        Assert.All(cluster.Run(TimeSpan.FromMinutes(6)), count => Assert.Equal(4, count));
    }

    [Fact]
    public void From_nothing_no_share_can_be_told()
    {
        var cluster = Shrunk(latency: 0);
        cluster.Metrics["latency"] = 99;
        Assert.Equal(4, cluster.Tick().To);
    }

    [Theory]
    [InlineData(100, 0.31, true)]
    [InlineData(100, double.NaN, false)]
    [InlineData(double.NaN, 0.31, false)]
    public void What_silent_instances_leave_open_is_no_evidence(double before, double after, bool isWorse)
    {
        var text = Policy().Replace("{ actuator: latency }", "{ actuator: latency, across: max }", StringComparison.Ordinal)
            .Replace(" or latency > 100", "", StringComparison.Ordinal);
        var cluster = new Cluster(text, 5) { Metrics = { ["load"] = 20 } };
        if (before is 100) cluster.Metrics.Instances("latency", (0.25, true), (0.25, true));
        else cluster.Metrics.Instances("latency", (0.25, true), (before, true));
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics["load"] = 30;
        // Of a maximum the silent one can only add: 0.31 is worse whatever it says. Below, nobody knows.
        cluster.Metrics.Instances("latency", (double.IsNaN(after) ? 0.26 : after, true), (double.NaN, true));
        Assert.Equal(isWorse ? 5 : 4, cluster.Tick().To);
    }

    [Fact]
    public void It_is_watched_for_five_minutes()
    {
        var cluster = Shrunk();
        Assert.All(cluster.Run(TimeSpan.FromSeconds(295)), count => Assert.Equal(4, count));
        cluster.Metrics["latency"] = 0.31;
        Assert.Equal(5, cluster.Tick().To);

        cluster = Shrunk();
        cluster.Run(TimeSpan.FromSeconds(300));
        cluster.Metrics["latency"] = 0.31;
        Assert.Equal(4, cluster.Tick().To);
        Assert.Equal(4, cluster.Tick().To);
    }

    [Fact]
    public void The_policy_says_how_much_how_long_and_for_how_long()
    {
        var cluster = Shrunk("{ metric: latency * 1000, by: 100%, within: 1m, hold: 2m }");
        cluster.Metrics["latency"] = 0.49;
        Assert.Equal(4, cluster.Tick(50).To);
        cluster.Metrics["latency"] = 0.5;
        Assert.Contains("latency * 1000 is 500, 100% worse than 250", cluster.Tick().Reason, StringComparison.Ordinal);
        cluster.Metrics["load"] = 1;
        Assert.Equal(5, cluster.Tick(119).To);
        Assert.Equal(4, cluster.Tick(1).To);
    }

    [Fact]
    public void A_step_that_cannot_be_taken_back_is_asked_for_until_the_hold_ends_and_never_again()
    {
        var cluster = Shrunk();
        (cluster.Applies, cluster.Metrics["latency"]) = (false, 0.31);
        for (var i = 0; i < 15; i++) Assert.Equal(5, cluster.Tick(60).To);
        for (var i = 0; i < 15; i++) Assert.Equal(4, cluster.Tick(60).To);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(9)]
    public void Where_somebody_else_changes_the_count_nothing_is_taken_back(int count)
    {
        var cluster = Shrunk();
        (cluster.Instances, cluster.Healthy) = (count, count);
        (cluster.Metrics["latency"], cluster.Metrics["load"]) = (0.31, 6 * count);
        Assert.All(cluster.Run(TimeSpan.FromMinutes(1)), now => Assert.Equal(count, now));
    }

    [Fact]
    public void A_step_that_was_taken_back_and_is_ordered_again_by_a_person_stays()
    {
        var cluster = Shrunk();
        cluster.Metrics["latency"] = 0.31;
        Assert.Equal(5, cluster.Tick().To);
        Assert.Equal(5, cluster.Tick().To);
        (cluster.Instances, cluster.Healthy) = (4, 4);
        Assert.All(cluster.Run(TimeSpan.FromMinutes(1)), count => Assert.Equal(4, count));
    }

    [Fact]
    public void Stabilization_limits_and_cooldown_do_not_delay_what_is_taken_back()
    {
        var cluster = Shrunk(rest: "scaleOut: { stabilization: 5m, limit: 1 per 1h, cooldown: 10m }\ncooldown: 1m");
        cluster.Metrics["latency"] = 0.31;
        Assert.Equal(5, cluster.Tick().To);
    }

    [Fact]
    public void Growth_that_a_rule_wants_goes_beyond_it()
    {
        var cluster = Shrunk();
        (cluster.Metrics["latency"], cluster.Metrics["load"]) = (0.31, 1000);
        cluster.Use(Policy().Replace("add: 1", "add: 3", StringComparison.Ordinal));
        Assert.Equal((7, "more"), (cluster.Tick().To, cluster.Engine.Explain(Cluster.App)!.Rule));
    }

    [Theory]
    [InlineData("pause: scaleOut", "pause")]
    [InlineData("pause: all", "pause")]
    public void A_pause_holds_it(string pause, string by)
    {
        var cluster = Shrunk();
        cluster.Use(Policy(rest: "scaleOut: { limit: none }\n" + pause));
        (cluster.Healthy, cluster.Applies) = (3, false);
        var decision = cluster.Tick();
        Assert.Equal((4, by), (decision.To, decision.Adjustments[^1].By));
    }

    [Fact]
    public void Bounds_hold_it_and_a_count_above_them_shrinks_whatever_was_worse()
    {
        var cluster = Shrunk();
        cluster.Use(Policy(max: 4));
        cluster.Healthy = 3;
        Assert.Equal(4, cluster.Tick().To);
        Assert.NotNull(cluster.Engine.Report(Cluster.App)!.ScaleInHeld);
        cluster.Use(Policy(max: 3));
        Assert.Equal(3, cluster.Tick().To);
    }

    [Theory]
    [InlineData("budget: all\napps: /shop/*\ninstances: 9", 4, "budget")]
    [InlineData("budget: all\napps: /shop/*\ninstances: 10", 5, "worse")]
    [InlineData("coordination: c\napps: { web: /shop/web }\nrules:\n"
        + "  - { rule: r, when: web.instances < 5, then: { web: { atMost: 4 } } }", 4, "coordination")]
    [InlineData("coordination: c\napps: { web: /shop/web }\nrules:\n"
        + "  - { rule: r, when: web.instances < 5, then: { web: { hold: scaleOut } } }", 4, "coordination")]
    public void Budgets_and_what_other_apps_demand_hold_it(string document, int count, string by)
    {
        const string watched = "{ stabilization: 0s, worse: { metric: 'if(instances < 5, load * 2, load)' } }";
        var shop = new Shop(document).Add("web", 5, scaleIn: watched).Add("other", 5).Load();
        shop.Metrics["web"] = 4;
        shop.Tick();
        Assert.Equal(4, shop["web"]);

        shop.Applies = false;
        var decision = shop.Decide()["/shop/web"];
        Assert.Equal((count, by), (decision.To, decision.Adjustments[^1].By));
        Assert.Contains("the scale-in from 5 to 4 is taken back", decision.Reason, StringComparison.Ordinal);
        Assert.NotNull(shop.Engine.Report("/shop/web")!.ScaleInHeld);
    }

    [Fact]
    public void It_needs_no_metric_of_the_rules()
    {
        var cluster = Shrunk();
        cluster.Metrics.Remove("load");
        cluster.Metrics["latency"] = 0.31;
        Assert.Equal(5, cluster.Tick().To);
        Assert.Equal(5, cluster.Tick().To);
    }

    [Fact]
    public void A_policy_that_only_watches_or_says_nothing_of_it_takes_nothing_back()
    {
        foreach (var text in new[] { Policy() + "\ndryRun: true", Policy().Replace(", worse: { metric: latency }", "") })
        {
            var cluster = new Cluster(text, 5) { Metrics = { ["load"] = 20, ["latency"] = 0.25 } };
            cluster.Tick();
            (cluster.Instances, cluster.Healthy, cluster.Metrics["load"], cluster.Metrics["latency"]) = (4, 1, 30, 9);
            Assert.Equal(4, cluster.Tick().To);
        }
    }

    [Fact]
    public void Under_another_text_of_the_policy_the_metric_may_be_another_and_health_is_still_watched()
    {
        var cluster = Shrunk();
        cluster.Use(Policy(rest: "scaleOut: { limit: none }\nx-note: edited"));
        cluster.Metrics["latency"] = 9;
        Assert.Equal(4, cluster.Tick().To);
        cluster.Healthy = 2;
        Assert.Equal(5, cluster.Tick().To);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_successor_goes_on_where_the_watch_was(int restart)
    {
        var cluster = new Cluster(Policy(), 5) { Metrics = { ["load"] = 20, ["latency"] = 0.25 } };
        Assert.Equal(4, Tick(0));
        (cluster.Metrics["load"], cluster.Metrics["latency"]) = (30, 0.31);
        Assert.Equal(5, Tick(1));
        cluster.Metrics["load"] = 1;
        Assert.Equal(5, Tick(2));
        cluster.Now = cluster.Now.AddMinutes(14);
        Assert.Equal(5, Tick(3));
        cluster.Now = cluster.Now.AddMinutes(1);
        Assert.Equal(4, Tick(4));

        int Tick(int step)
        {
            var count = cluster.Tick().To;
            if (step == restart) cluster.Restart();
            return count;
        }
    }

    [Theory]
    [InlineData("""{"Step":{"At":"2026-11-24T12:00:00Z","From":-1,"To":4}}""")]
    [InlineData("""{"HeldSince":"2026-11-24T12:00:00Z"}""")]
    [InlineData("""{"TakesBack":true}""")]
    [InlineData("""{"HeldSince":"2026-11-24T12:00:00Z","Found":{"From":5,"To":4,"IsHealth":false,"Before":0,"After":1}}""")]
    public void A_stored_watch_that_cannot_be_is_not_sound(string watch)
    {
        var memory = new StoredMemory { App = "/a", Policy = "p", Digest = "d", At = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero) };
        Assert.True(memory.IsSound);
        Assert.False((memory with { ScaleIn = JsonSerializer.Deserialize<StoredWatch>(watch) }).IsSound);
    }

    [Theory]
    [InlineData("{ metric: nothing }", "unknown name 'nothing'")]
    [InlineData("{ metric: 1 + 2 }", "'1 + 2' reads no metric")]
    [InlineData("{ metric: latency > 1 }", "number")]
    [InlineData("{ metric: latency, by: 20 }", "'by' is at most 1000%")]
    [InlineData("{ by: 0 }", "'by' must be a positive number")]
    [InlineData("{ within: 0s }", "'within' must be a positive duration")]
    [InlineData("{ hold: 2d }", "'hold' is at most 1d")]
    [InlineData("{ metrc: latency }", "'worse' has no key 'metrc'")]
    [InlineData("latency", "'worse' must be a mapping")]
    public void What_is_wrong_with_it_is_told_with_its_place(string worse, string message)
    {
        var problem = Assert.Single(PolicyParser.Parse("p.yml", Policy(worse)).Problems);
        Assert.Equal(PolicySeverity.Error, problem.Severity);
        Assert.Equal(10, problem.Line);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    /// <summary>An app that its policy has just shrunk from 5 to 4, and that would stay there.</summary>
    private static Cluster Shrunk(
        string worse = "{ metric: latency }", string rest = "scaleOut: { limit: none }", double latency = 0.25)
    {
        var cluster = new Cluster(Policy(worse, rest), 5) { Metrics = { ["load"] = 20, ["latency"] = latency } };
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics["load"] = 30;
        return cluster;
    }
}
