using CsCheck;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>The engine says when time alone changes what it decides, so that nobody has to ask it all the time.</summary>
public sealed class DueTimesTests
{
    private const string Rules = """
        policy: search
        app: /search
        instances: { min: 1, max: 20 }
        metrics:
          tpm: { actuator: tpm, across: sum }
        rules:
          - { rule: more, when: tpm > 10 * instances, for: 15s, then: { add: 2 } }
          - { rule: fewer, when: tpm < 5 * instances, then: { remove: 1 } }

        """;

    private const string Immediate = """
        policy: search
        app: /search
        instances: { min: 1, max: 20 }
        metrics:
          tpm: { actuator: tpm, across: sum }
        rules:
          - { rule: more, when: tpm > 10 * instances, then: { add: 1 } }
          - { rule: fewer, when: tpm < 5 * instances, then: { remove: 1 } }

        """;

    [Fact]
    public void Whoever_is_asked_at_changes_and_due_instants_alone_decides_as_one_who_is_asked_each_second()
    {
        const string Policy = Rules + """
            onMissingMetrics: { use: max, after: 40s }
            scaleOut: { stabilization: 0s, cooldown: 20s, limit: [ 4 per 1m, 30% per 10s ] }
            scaleIn: { stabilization: 0s, cooldown: 7s, limit: [ 2 per 45s ] }
            """;
        Gen.Select(
            Gen.Frequency((4, Gen.Int[0, 200].Select(value => (double?)value)), (1, Gen.Bool.Select(_ => (double?)null))),
            Gen.Int[1, 90])
        .Array[1, 12]
        .Sample(steps =>
        {
            var (always, seldom) = (new Cluster(Policy, 4), new Cluster(Policy, 4));
            var (last, asked) = (seldom.Now, 0);
            foreach (var (value, seconds) in steps)
            {
                foreach (var metrics in new[] { always.Metrics, seldom.Metrics })
                {
                    if (value is { } known) metrics["tpm"] = known;
                    else metrics.Remove("tpm");
                }

                var isNew = true;
                for (var second = 0; second < seconds; second++)
                {
                    var before = seldom.Instances;
                    always.Tick(1);
                    var next = last + TimeSpan.FromSeconds(1);
                    if (isNew || seldom.Engine.NextDue(new Due(last, last)).Steady <= next)
                    {
                        seldom.Now = last;
                        seldom.Tick(1);
                        asked++;
                    }

                    last = next;

                    // A count that has changed is another fact.
                    isNew = seldom.Instances != before;
                    Assert.Equal(always.Instances, seldom.Instances);
                }
            }
        }, iter: 500);
    }

    [Fact]
    public void A_wait_is_due_when_it_ripens_and_only_then()
    {
        var cluster = new Cluster(Rules, 2) { Metrics = { ["tpm"] = 30 } };
        cluster.Tick();
        Assert.Equal(cluster.Now.AddSeconds(15), Next(cluster).Steady);
        Assert.Empty(DueAfter(cluster, 14.999));
        Assert.Equal([Cluster.App], DueAfter(cluster, 15));

        cluster.Metrics["tpm"] = 15;
        cluster.Tick();
        Assert.Equal(Due.Never, Next(cluster));
    }

    [Fact]
    public void A_cooldown_and_the_period_of_a_limit_are_due_when_they_end_that_hold_a_count()
    {
        var cluster = new Cluster(Immediate + "scaleOut: { cooldown: 20s, limit: [ 2 per 1m ] }", 2)
        {
            Metrics = { ["tpm"] = 100 },
        };
        Assert.Equal(3, cluster.Tick().To);
        var first = cluster.Now;
        Assert.Equal(Due.Never, Next(cluster));
        Assert.Equal(3, cluster.Tick().To);
        Assert.Equal(first.AddSeconds(20), Next(cluster).Steady);
        Assert.Equal(4, cluster.Tick(15).To);
        cluster.Tick(25);
        Assert.Equal(first.AddSeconds(60), Next(cluster).Steady);
        Assert.Equal(5, cluster.Tick(15).To);
    }

    [Theory]
    [InlineData(10, 1, 30)]
    [InlineData(1, 100, 10)]
    public void A_window_is_due_when_what_holds_the_count_leaves_it(int before, int after, int seconds)
    {
        var cluster = new Cluster(
            Immediate + "scaleOut: { stabilization: 10s, limit: [] }\nscaleIn: { stabilization: 30s, limit: [] }", 1)
        {
            Metrics = { ["tpm"] = before },
        };
        if (before > 5) cluster.Instances = cluster.Healthy = 2;
        var count = cluster.Tick().To;
        var seen = cluster.Now;
        cluster.Metrics["tpm"] = after;
        Assert.Equal(count, cluster.Tick().To);
        Assert.Equal(seen.AddSeconds(seconds), Next(cluster).Steady);
        Assert.NotEqual(count, cluster.Tick(seconds - 5).To);
    }

    [Fact]
    public void A_metric_that_is_missing_is_due_when_the_policy_gives_up_waiting()
    {
        var cluster = new Cluster(Immediate + "onMissingMetrics: { use: max, after: 40s }\nscaleOut: { limit: [] }", 2);
        cluster.Tick();
        Assert.Equal(cluster.Now.AddSeconds(40), Next(cluster).Steady);
        Assert.Equal(20, cluster.Tick(40).To);
    }

    [Fact]
    public void A_schedule_is_due_by_the_wall_clock_wherever_that_is_set()
    {
        const string Policy = """
            policy: search
            app: /search
            instances: { min: 1, max: 20 }
            metrics:
              tpm: { actuator: tpm, across: sum }
            rules:
              - { rule: day, schedule: { cron: '0 0 13 * * ?', until: '0 0 18 * * ?' }, then: { min: 4 } }
            scaleOut: { limit: [] }

            """;
        var cluster = new Cluster(Policy, 2);
        cluster.Tick();
        var due = Next(cluster);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 13, 0, 0, TimeSpan.Zero), due.Wall);
        Assert.Equal(DateTimeOffset.MaxValue, due.Steady);

        // Set forward over the opening: it is due at once. Set back: the opening is due again by the new time.
        Assert.Equal([Cluster.App], cluster.Engine.DueBy(new Due(cluster.Now, cluster.Now.AddHours(2))));
        cluster.Jump = TimeSpan.FromHours(2);
        Assert.Equal(4, cluster.Tick().To);
        cluster.Jump = TimeSpan.FromHours(-3);
        cluster.Tick();
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 13, 0, 0, TimeSpan.Zero), Next(cluster).Wall);
    }

    private static Due Next(Cluster cluster) => cluster.Engine.NextDue(new Due(cluster.Now, cluster.Now + cluster.Jump));

    private static IReadOnlyList<string> DueAfter(Cluster cluster, double seconds) =>
        cluster.Engine.DueBy(new Due(cluster.Now.AddSeconds(seconds), cluster.Now + cluster.Jump));
}
