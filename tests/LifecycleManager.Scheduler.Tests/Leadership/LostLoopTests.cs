namespace LifecycleManager.Scheduler.Tests.Leadership;

/// <summary>
/// A loop of a term that dies: the term ends with its reason, health tells it, and the next term does the work.
/// </summary>
public sealed class LostLoopTests
{
    [Fact]
    public async Task A_loop_that_dies_ends_the_term_and_the_next_one_works()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        var clock = new JumpingTime();
        await using var scheduler = await TestScheduler.StartAsync(new SchedulerOptions { Masters = [master.Address] },
            time: clock);
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        Assert.Null(scheduler.Service.Failure);
        var began = scheduler.Snapshot.Leader.ElectedAt;

        // The conversation with the master waits for a moment before it begins anew, and cannot.
        clock.TimerFault = due =>
            due > TimeSpan.Zero && due < TimeSpan.FromSeconds(0.9) ? "no timer is left" : null;
        master.Disconnect();
        await scheduler.UntilAsync(_ => scheduler.Service.Failure is not null, "the term has ended");
        Assert.Contains("no timer is left", scheduler.Service.Failure, StringComparison.Ordinal);

        clock.TimerFault = null;
        await scheduler.UntilAsync(snapshot => snapshot.Leader.ElectedAt > began && snapshot.Framework.Connected,
            "another term leads");
        Assert.NotNull(scheduler.Service.Failure);
        await scheduler.PutAsync(TestScheduler.App("/web", 3));
        await scheduler.SettledAsync("/web", 3);
        clock.Add(TimeSpan.FromSeconds(10));
        Assert.Null(scheduler.Service.Failure);
    }
}
