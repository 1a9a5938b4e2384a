using CsCheck;
using LifecycleManager.Master.Tests.Simulation;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>Deadlines go by the monotonic clock: whoever sets the wall clock changes nothing.</summary>
public sealed class ClockTests
{
    [Fact]
    public void A_wall_clock_that_jumps_changes_nothing_that_anybody_is_told() =>
        Gen.Select(Gen.Select(Gen.Int[0, 24], Gen.Int[0, 1000], Gen.Int[0, 1000]).Array[20, 80],
            Gen.Int[-90_000, 90_000].Array[1, 20]).Sample(
            (steps, jumps) =>
            {
                var steady = RunAsync(steps, [0]).GetAwaiter().GetResult();
                Assert.Equal(steady, RunAsync(steps, jumps).GetAwaiter().GetResult());
            },
            iter: 60, threads: 1);

    private static async Task<IReadOnlyList<string>> RunAsync((int Kind, int X, int Y)[] steps, int[] jumps)
    {
        var time = new SettableTime();
        await using var world = new World(time);
        for (var i = 0; i < steps.Length; i++)
        {
            time.WallOffset = TimeSpan.FromSeconds(jumps[i % jumps.Length]);
            await world.StepAsync(steps[i].Kind, steps[i].X, steps[i].Y);
        }

        return world.Told;
    }
}
