using CsCheck;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Deployments;

public sealed class CanaryRolloutTests
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
    public void At_every_moment_of_every_stage_the_bounds_hold_and_no_more_than_its_part_is_new() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 12], Gen.Int[1, 12], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int)
            .Sample((before, count, fresh, minimum, over, seed) =>
                Stage(before, count, fresh, minimum / 20.0, over / 20.0, new Random(seed)), iter: 3_000);

    [Fact]
    public void Apps_of_one_level_go_through_their_stages_side_by_side_and_those_that_depend_on_them_come_after()
    {
        var (a, b, c, d) = (new AppId("/a"), new AppId("/b"), new AppId("/c"), new AppId("/d"));
        var records = new[] { a, b, c, d }.ToDictionary(
            id => id, id =>
                (AppRecord?)new AppRecord(AppDefinition.FromWire(new() { Id = id.Path, Cmd = "x" }), default, default));
        var stages = new Dictionary<AppId, string> { [a] = "1 1m, 2 pause", [b] = "50% 2m" };

        var steps = DeploymentPlanner.Plan(
            records, records, _ => true, new Dictionary<AppId, int> { [d] = 1 },
            app => CanaryLabel.TryParse(stages.GetValueOrDefault(app, ""), out var read) ? read : []);

        Assert.Equal(
            ["/c:- /a:canary 1 /b:canary 50% 120", "/a:canary 2 /b:canary 50% pause", "/a:- /b:- none", "/d:- none"],
            steps.Select(step =>
                string.Join(' ', step.Actions.Select(action => $"{action.App.Path}:{action.Stage?.ToString() ?? "-"}"))
                + (step.Pause is null ? " none" : step.Pause.For is { } time ? $" {time.TotalSeconds:0}" : " pause")));
    }

    private static void Stage(int before, int count, int fresh, double minimum, double over, Random random)
    {
        var instances = new Dictionary<int, (bool IsNew, Phase Phase)>();
        for (var index = 0; index < before; index++) instances[index] = (false, Phase.Up);
        var next = before;
        var least = RollingRestart.MinimumHealthy(count, minimum);
        var most = RollingRestart.Capacity(count, minimum, over);
        for (var round = 0; round < 2_000; round++)
        {
            var decision = CanaryRollout.Decide(count, fresh, minimum, over, KillSelection.YoungestFirst,
                [.. instances.Where(entry => entry.Value.Phase != Phase.Gone)
                    .Select(entry => View(entry.Key, entry.Value.IsNew, entry.Value.Phase))]);
            if (decision is { IsComplete: true, LaunchOld: 0 })
            {
                Assert.Equal(Math.Min(fresh, count), instances.Values.Count(instance =>
                    instance is { IsNew: true, Phase: Phase.Up }));
                Assert.Equal(
                    Math.Max(0, count - fresh), instances.Values.Count(instance =>
                        instance is { IsNew: false, Phase: not Phase.Gone }));
                return;
            }

            var up = Up();
            foreach (var id in decision.Kill) instances[int.Parse(id)] = instances[int.Parse(id)] with { Phase = Phase.Ending };
            Assert.True(Up() == up || Up() >= least, $"{Up()} of at least {least} are up after a kill");
            for (var launch = 0; launch < decision.LaunchOld; launch++) instances[next++] = (false, Phase.Staging);
            for (var launch = 0; launch < decision.Launch; launch++) instances[next++] = (true, Phase.Staging);
            var existing = instances.Values.Count(instance => instance.Phase != Phase.Gone);
            Assert.True(decision is { Launch: 0, LaunchOld: 0 } || existing <= most,
                $"{existing} of at most {most} exist after a launch");
            var isNew = instances.Values.Count(instance => instance is { IsNew: true, Phase: not (Phase.Gone or Phase.Ending) });
            Assert.True(isNew <= Math.Min(fresh, count), $"{isNew} of {fresh} are new");
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

        Assert.Fail("the stage does not end");

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
