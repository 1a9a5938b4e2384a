using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scaling.Tests.Evaluation;

/// <summary>When a term ticks, and what ends it.</summary>
public sealed class TicksTests
{
    private const string App = "/brownfield/search";

    [Fact]
    public async Task A_tick_that_takes_longer_than_its_period_is_not_doubled_and_is_counted()
    {
        await using var loop = await Loop.StartAsync(configure: options =>
            options with { Tick = TimeSpan.FromMilliseconds(100) });
        var (now, most) = (0, 0);
        loop.Marathon.Fault = async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Yield();
            loop.Time.Advance(TimeSpan.FromMilliseconds(350));
            Interlocked.Decrement(ref now);
            return false;
        };
        loop.Time.Advance(TimeSpan.FromMilliseconds(100));

        await Eventually.TrueAsync(() =>
        {
            loop.Time.Advance(TimeSpan.FromMilliseconds(100));
            return loop.Marathon.Requests.Count >= 5;
        });
        await loop.EndAsync();

        Assert.Equal(1, most);
        var text = await loop.MetricsTextAsync();
        Assert.DoesNotContain("lcm_manager_tick_overruns_total 0", text);
        Assert.DoesNotContain("lcm_manager_ticks_skipped_total 0", text);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void A_wall_clock_that_is_set_moves_no_tick(int hours)
    {
        var time = new SettableClock();
        var schedule = new TickSchedule(time, TimeSpan.FromSeconds(5));
        Assert.True(schedule.TryTake());
        for (var i = 0; i < 3; i++)
        {
            schedule.Begin();
            time.Off += TimeSpan.FromHours(hours);
            time.Advance(TimeSpan.FromSeconds(4.9));
            Assert.False(schedule.TryTake());
            time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.True(schedule.TryTake());
            Assert.Equal(0, schedule.Begin());
        }
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void A_wall_clock_that_is_set_moves_no_steady_time(int hours)
    {
        var time = new SettableClock();
        var steady = new SteadyTime(time);
        var begin = steady.GetUtcNow();
        time.Off += TimeSpan.FromHours(hours);
        time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(begin + TimeSpan.FromSeconds(7), steady.GetUtcNow());
    }

    /// <summary>A wall clock that is set without a change of what has passed.</summary>
    private sealed class SettableClock : FakeTimeProvider
    {
        public TimeSpan Off { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Off;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }

    [Fact]
    public async Task A_defect_in_the_loop_ends_the_term_and_health_says_why()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Store.Failure = new InvalidCastException("a defect");

        // Whoever waits for the tick gets an answer all the same.
        await loop.TickOnlyAsync();

        var ended = await Assert.ThrowsAsync<LoopEndedException>(() => loop.Running);
        Assert.Equal("the evaluation failed: a defect", ended.Message);
        Assert.Contains("the evaluation has failed: a defect", loop.Health.Verdict().Reasons);
    }

    [Fact]
    public async Task A_fenced_write_ends_the_term_as_a_lead_that_is_lost()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Store.Failure = new FencedException(loop.Fence);
        await loop.TickOnlyAsync();
        await Assert.ThrowsAsync<FencedException>(() => loop.Running);
    }
}
