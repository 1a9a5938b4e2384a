using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests;

public sealed class ModelTests
{
    // More of them by hand: LCM_TEST_SEEDS=2000.
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_SEEDS"), out var seeds)
        ? seeds : 30;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_no_task_is_lost_or_doubled_and_everything_comes_to_what_is_wanted(int part)
    {
        for (var seed = part * 100_000; seed < (part * 100_000) + Seeds; seed++)
        {
            try
            {
                new Simulation(seed, new SimulatedStore()).Run(150);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }
}
