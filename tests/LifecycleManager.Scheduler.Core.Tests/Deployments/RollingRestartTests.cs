using CsCheck;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Deployments;

public sealed class RollingRestartTests
{
    private enum Phase
    {
        Staging,
        Up,
        Unhealthy,
        Ending,
        Gone,
    }

    [Fact]
    public void At_every_moment_of_every_upgrade_both_bounds_hold_and_it_ends() =>
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 12], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int)
            .Sample((before, count, minimum, over, seed) => Upgrade(before, count, minimum / 20.0, over / 20.0, new Random(seed)),
                iter: 3_000);

    [Theory]
    [InlineData(4, 1.0, 1.0, 4, 8)]
    [InlineData(4, 0.75, 0.25, 3, 5)]
    [InlineData(10, 0.3, 0.0, 3, 10)]
    [InlineData(10, 1.0, 0.1, 10, 11)]
    [InlineData(1, 1.0, 0.0, 1, 2)]
    [InlineData(10, 0.95, 0.05, 10, 11)]
    [InlineData(1, 0.0, 0.0, 0, 1)]
    [InlineData(0, 1.0, 1.0, 0, 1)]
    public void Shares_become_the_numbers_that_a_person_expects(int count, double minimum, double over, int least, int most)
    {
        Assert.Equal(least, RollingRestart.MinimumHealthy(count, minimum));
        Assert.Equal(most, RollingRestart.Capacity(count, minimum, over));
    }

    [Fact]
    public void While_nobody_knows_whether_old_instances_are_healthy_none_is_ended()
    {
        var unknown = Enumerable.Range(0, 3)
            .Select(index => View(index, isNew: false, Phase.Up) with { IsUp = false, IsExpendable = false }).ToList();

        var decision = RollingRestart.Decide(3, 1, 1, KillSelection.YoungestFirst, unknown);

        Assert.Empty(decision.Kill);
        Assert.Equal(3, decision.Launch);
    }

    private static void Upgrade(int before, int count, double minimum, double over, Random random)
    {
        var instances = new Dictionary<int, (bool IsNew, Phase Phase)>();
        for (var index = 0; index < before; index++) instances[index] = (false, Phase.Up);
        var next = before;
        var least = RollingRestart.MinimumHealthy(count, minimum);
        var most = RollingRestart.Capacity(count, minimum, over);
        for (var round = 0; round < 2_000; round++)
        {
            var decision = RollingRestart.Decide(count, minimum, over, KillSelection.YoungestFirst,
                [.. instances.Where(entry => entry.Value.Phase != Phase.Gone)
                    .Select(entry => View(entry.Key, entry.Value.IsNew, entry.Value.Phase))]);
            if (decision.IsComplete)
            {
                Assert.Equal(count, instances.Values.Count(instance => instance is { IsNew: true, Phase: Phase.Up }));
                Assert.DoesNotContain(instances.Values, instance => instance is { IsNew: false, Phase: not Phase.Gone });
                return;
            }

            var up = Up();
            foreach (var id in decision.Kill) instances[int.Parse(id)] = instances[int.Parse(id)] with { Phase = Phase.Ending };
            Assert.True(Up() == up || Up() >= least, $"{Up()} of at least {least} are up after a kill");
            for (var launch = 0; launch < decision.Launch; launch++) instances[next++] = (true, Phase.Staging);
            var existing = instances.Values.Count(instance => instance.Phase != Phase.Gone);
            Assert.True(decision.Launch == 0 || existing <= most, $"{existing} of at most {most} exist after a launch");

            // Something happens: in time every staging one comes up and every ending one ends, and a few misbehave on the way.
            foreach (var (id, instance) in instances.ToList())
            {
                var luck = random.Next(100);
                instances[id] = instance with
                {
                    Phase = instance.Phase switch
                    {
                        Phase.Staging when luck < 50 => Phase.Up,
                        Phase.Staging when luck > 97 => Phase.Gone,
                        Phase.Up when luck > 98 => Phase.Unhealthy,
                        Phase.Unhealthy when luck < 50 => Phase.Up,
                        Phase.Ending when luck < 50 => Phase.Gone,
                        var same => same,
                    },
                };
            }
        }

        Assert.Fail("the upgrade does not end");

        int Up() => instances.Values.Count(instance => instance.Phase == Phase.Up);
    }

    private static InstanceView View(int id, bool isNew, Phase phase) => new(
        id.ToString(),
        isNew,
        IsActive: phase != Phase.Ending,
        Occupies: true,
        IsUp: phase == Phase.Up,
        IsExpendable: phase is Phase.Staging or Phase.Unhealthy,
        Rank: phase == Phase.Unhealthy ? 1 : phase == Phase.Staging ? 2 : 4,
        new ClockReading(DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(id)),
        Group: null);
}
