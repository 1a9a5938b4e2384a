using CsCheck;
using LifecycleManager.Master.Tests.Simulation;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>
/// Random sequences of everything that agents, frameworks and operators can do, in any order, with writes that become durable
/// late: after each step every amount is counted exactly once, and no task runs on two agents.
/// </summary>
public sealed class AccountsTests
{
    private const int MaxRounds = 12;

    [Fact]
    public void Every_amount_is_counted_exactly_once_whatever_happens()
    {
        // It proves nothing about what did not happen: a rare event may want more rounds than one.
        string[] expected =
        [
            "Run", "Kill", "KillFramework", "Resend", "Acknowledge", "Ping", "Shutdown", "Resources", "Offers", "Rescind",
            "Update", "Failure", "Error",
            "Staging", "Running", "Failed", "Killed", "Finished", "Dropped", "Unreachable", "GoneByOperator",
        ];
        for (var round = 0; round == 0 || (round < MaxRounds && expected.Except(World.Seen).Any()); round++)
        {
            Gen.Select(Gen.Int[0, 24], Gen.Int[0, 1000], Gen.Int[0, 1000]).Array[20, 120].Sample(
                steps => RunAsync(steps).GetAwaiter().GetResult(), iter: 300, threads: 1);
        }

        Assert.Empty(expected.Except(World.Seen));
    }

    /// <summary>A framework reserves what an agent has less of than its tasks use, since it came back with less.</summary>
    [Fact]
    public void A_reservation_that_would_not_be_free_is_refused_and_ends_nothing() =>
        Gen.Select(Gen.Int[0, 24], Gen.Int[0, 1000], Gen.Int[0, 1000]).Array[20, 120].Sample(
            steps => RunAsync(steps).GetAwaiter().GetResult(), seed: "3wMAdU4Ifp97", iter: 1, threads: 1);

    private static async Task RunAsync((int Kind, int X, int Y)[] steps)
    {
        await using var world = new World();
        foreach (var (kind, x, y) in steps)
        {
            await world.StepAsync(kind, x, y);
            await world.VerifyAsync();
        }

        await world.SettleAsync();
    }
}
