using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Engine.Islands;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Scale-outs in a row that do not make things better are held for a while.</summary>
public sealed class ScaleOutWatchTests
{
    private static string Policy(string better = "{ metric: latency, within: 1m }", string rest = "") => $$"""
        policy: search
        app: /search
        instances: { min: 1, max: 50 }
        metrics:
          load: { actuator: load, across: sum }
          latency: { actuator: latency }
        rules:
          - { rule: less, when: load < 5 * instances, then: { remove: 1 } }
          - { rule: more, when: load > 10 * instances, then: { add: 1 } }
        scaleIn: { stabilization: 0s }
        scaleOut: { limit: 1 per 1m, better: {{better}} }
        {{rest}}
        """;

    /// <summary>Grows by one each minute, and is slow.</summary>
    private static Cluster Growing(string? policy = null) =>
        new(policy ?? Policy(), 2) { Metrics = { ["load"] = 1_000, ["latency"] = 0.3 } };

    [Fact]
    public void After_three_that_have_not_helped_nothing_is_scaled_out_for_a_quarter_of_an_hour()
    {
        var cluster = Growing();
        var began = cluster.Now;
        cluster.Run(TimeSpan.FromMinutes(4));
        var count = cluster.Instances;
        var held = cluster.Engine.Report(Cluster.App)!.ScaleOutHeld!;
        Assert.InRange(held.Since - began, TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(3.5));
        Assert.Equal(TimeSpan.FromMinutes(15), held.Until - held.Since);
        Assert.Equal($"3 scale-outs, 2 to {count}, have not made latency 5% better: 0.3, 0.3 before", held.Why);
        while (cluster.Now < held.Until.AddSeconds(-5))
        {
            var decision = cluster.Tick();
            Assert.Equal(count, decision.To);
            Assert.EndsWith(
                $"; scale-out is held until {held.Until:HH:mm:ss}: {held.Why}", decision.Reason, StringComparison.Ordinal);
            Assert.Equal("no better", decision.Adjustments[^1].By);
        }

        Assert.Equal(held.Until, cluster.Engine.NextDue(new Decisions.Rules.Due(cluster.Now, cluster.Now)).Steady);
        Assert.Equal(count + 1, cluster.Tick().To);
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Theory]
    [InlineData(0.285, false)]
    [InlineData(0.2851, true)]
    [InlineData(0.9, true)]
    public void Better_is_a_twentieth_or_more_below_what_it_was_before_the_first(double after, bool isHeld)
    {
        var cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(2.5));
        cluster.Metrics["latency"] = after;
        cluster.Run(TimeSpan.FromMinutes(1.5));
        Assert.Equal(isHeld, cluster.Engine.Report(Cluster.App)!.ScaleOutHeld is not null);
    }

    [Fact]
    public void What_helps_by_small_steps_is_compared_with_the_beginning()
    {
        // Three per cent a minute: no step alone is enough, two are.
        var cluster = Growing();
        for (var minute = 0; minute < 12; minute++)
        {
            cluster.Run(TimeSpan.FromMinutes(1));
            cluster.Metrics["latency"] = 0.3 * Math.Pow(0.97, minute + 1);
            Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
        }
    }

    [Theory]
    [InlineData(Absence.Missing)]
    [InlineData(Absence.Idle)]
    [InlineData(Absence.Starting)]
    public void What_is_not_known_is_no_failure(Absence absence)
    {
        var cluster = Growing();
        cluster.Metrics.Absent("latency", absence);
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);

        // A row that began before waits for its evidence.
        cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(2.5));
        cluster.Metrics.Absent("latency", absence);
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
        cluster.Metrics["latency"] = 0.3;
        cluster.Tick();
        Assert.NotNull(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Fact]
    public void From_nothing_nothing_can_be_better()
    {
        var cluster = Growing();
        cluster.Metrics["latency"] = 0;
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Fact]
    public void A_hold_ends_where_things_are_better()
    {
        var cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(4));
        var count = cluster.Instances;
        cluster.Metrics["latency"] = 0.2;
        Assert.Equal(count + 1, cluster.Tick().To);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Where_somebody_else_changes_the_count_the_row_is_over(int change)
    {
        var cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(2.5));
        cluster.Instances = cluster.Healthy = cluster.Instances + change;
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.NotNull(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Fact]
    public void A_scale_in_ends_the_row_and_is_not_held()
    {
        var cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(4));
        var count = cluster.Instances;
        cluster.Metrics["load"] = 1;
        Assert.Equal(count - 1, cluster.Tick().To);
    }

    [Fact]
    public void So_much_later_another_scale_out_has_another_cause()
    {
        var cluster = Growing(Policy("{ metric: latency, within: 1m, times: 2 }"));
        cluster.Tick();
        cluster.Metrics["load"] = 7 * cluster.Instances;
        cluster.Run(TimeSpan.FromMinutes(20));
        cluster.Metrics["load"] = 1_000;
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.NotNull(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Fact]
    public void The_policy_says_how_much_how_long_how_often_and_for_how_long()
    {
        var cluster = Growing(Policy("{ metric: latency * 1000, by: 50%, within: 30s, times: 1, hold: 2m }"));
        cluster.Tick();
        cluster.Tick(29);
        Assert.Null(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
        cluster.Metrics["latency"] = 0.16;
        cluster.Tick(6);
        var held = cluster.Engine.Report(Cluster.App)!.ScaleOutHeld!;
        Assert.Equal("1 scale-outs, 2 to 3, have not made latency * 1000 50% better: 160, 300 before", held.Why);
        Assert.Equal(TimeSpan.FromMinutes(2), held.Until - held.Since);
    }

    [Fact]
    public void Bounds_and_what_other_apps_demand_still_let_it_grow()
    {
        var cluster = Growing();
        cluster.Run(TimeSpan.FromMinutes(4));
        cluster.Use(Policy().Replace("min: 1,", "min: 20,", StringComparison.Ordinal));
        Assert.Equal(20, cluster.Tick().To);
        Assert.NotNull(cluster.Engine.Report(Cluster.App)!.ScaleOutHeld);
    }

    [Fact]
    public void A_policy_that_says_nothing_of_it_is_not_watched()
    {
        var cluster = Growing(Policy().Replace(", better: { metric: latency, within: 1m }", "", StringComparison.Ordinal));
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.Equal(12, cluster.Instances);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(60)]
    public void A_successor_goes_on_where_the_watch_was(int restart)
    {
        Assert.Equal(Counts(restart: -1), Counts(restart));

        static List<int> Counts(int restart)
        {
            var (cluster, counts) = (Growing(), new List<int>());
            for (var i = 0; i < 300; i++)
            {
                counts.Add(cluster.Tick().To);
                if (i == restart) cluster.Restart();
            }

            return counts;
        }
    }

    [Theory]
    [InlineData("""{"Before":0,"From":1,"To":2}""")]
    [InlineData("""{"Before":1,"From":-1,"To":2}""")]
    [InlineData("""{"Before":1,"From":1,"To":2,"HeldSince":"2026-11-24T12:00:00Z"}""")]
    public void What_cannot_be_a_watch_is_no_memory(string row) =>
        Assert.False(JsonSerializer.Deserialize<StoredRow>(row)!.IsSound);

    [Theory]
    [InlineData("{}", "missing-key")]
    [InlineData("{ metric: instances }", "better")]
    [InlineData("{ metric: latency, by: 100% }", "better")]
    [InlineData("{ metric: latency, within: 25h }", "better")]
    [InlineData("{ metric: latency, times: 0 }", "type")]
    [InlineData("{ metric: latency, hold: 0s }", "type")]
    public void What_cannot_be_is_refused(string better, string code) =>
        Assert.Contains(code, PolicyParser.Parse("p.yml", Policy(better)).Problems.Select(problem => problem.Code));
}
