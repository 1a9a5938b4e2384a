using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Tests.CoreCluster;

/// <summary>
/// A loop of a term that dies: the term ends with its reason, health tells it, and the next term does the work.
/// </summary>
public sealed class LostLoopTests
{
    [Fact]
    public async Task A_loop_that_dies_ends_the_term_and_the_next_one_works()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        var clock = new BreakableClock();
        await using var scheduler = await TestScheduler.StartAsync(new SchedulerOptions { Masters = [master.Address] },
            time: clock);
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        Assert.Null(scheduler.Service.Failure);
        var began = scheduler.Snapshot.Leader.ElectedAt;

        // The conversation with the master waits for a moment before it begins anew, and cannot.
        clock.Broken = "no timer is left";
        master.Disconnect();
        await scheduler.UntilAsync(_ => scheduler.Service.Failure is not null, "the term has ended");
        Assert.Contains("no timer is left", scheduler.Service.Failure, StringComparison.Ordinal);

        clock.Broken = null;
        await scheduler.UntilAsync(snapshot => snapshot.Leader.ElectedAt > began && snapshot.Framework.Connected,
            "another term leads");
        Assert.NotNull(scheduler.Service.Failure);
        await scheduler.PutAsync(TestScheduler.App("/web", 3));
        await scheduler.SettledAsync("/web", 3);
        clock.Ahead += TimeSpan.FromSeconds(10);
        Assert.Null(scheduler.Service.Failure);
    }

    /// <summary>The system's clock, whose short timers can be made to fail, and whose monotonic time can be put ahead.</summary>
    private sealed class BreakableClock : TimeProvider
    {
        private volatile string? _broken;
        private long _ahead;

        public string? Broken
        {
            get => _broken;
            set => _broken = value;
        }

        public TimeSpan Ahead
        {
            get => TimeSpan.FromSeconds(Volatile.Read(ref _ahead) / (double)TimestampFrequency);
            set => Volatile.Write(ref _ahead, (long)(value.TotalSeconds * TimestampFrequency));
        }

        public override long GetTimestamp() => base.GetTimestamp() + Volatile.Read(ref _ahead);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Broken is { } reason && dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(0.9)
            ? throw new InvalidOperationException(reason) : base.CreateTimer(callback, state, dueTime, period);
    }
}
