using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Evaluation;

/// <summary>When a term ticks, and what ends it.</summary>
public sealed class TicksTests
{
    private const string App = "/brownfield/search";

    [Fact]
    public async Task A_tick_that_takes_longer_than_its_period_is_not_doubled_and_is_counted()
    {
        await using var term = await TermUnderTest.StartAsync(configure: options =>
            options with { Tick = TimeSpan.FromMilliseconds(100) });
        var (now, most) = (0, 0);
        term.Marathon.Fault = async http =>
        {
            // What else asks the target has its own times.
            if (http.Request.Path != "/v2/apps") return false;
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Yield();
            term.Time.Advance(TimeSpan.FromMilliseconds(350));
            Interlocked.Decrement(ref now);
            return false;
        };
        term.Time.Advance(TimeSpan.FromMilliseconds(100));

        await Eventually.TrueAsync(() =>
        {
            term.Time.Advance(TimeSpan.FromMilliseconds(100));
            return term.Marathon.Requests.Count >= 5;
        });
        await term.EndAsync();

        Assert.Equal(1, most);
        var text = await term.MetricsTextAsync();
        Assert.DoesNotContain("lcm_manager_tick_overruns_total 0", text);
        Assert.DoesNotContain("lcm_manager_ticks_skipped_total 0", text);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void A_wall_clock_that_is_set_moves_no_tick(int hours)
    {
        var time = new SettableTime();
        var schedule = new TickSchedule(time, TimeSpan.FromSeconds(5));
        Assert.True(schedule.TryTake());
        for (var i = 0; i < 3; i++)
        {
            schedule.Begin();
            time.WallOffset += TimeSpan.FromHours(hours);
            time.Advance(TimeSpan.FromSeconds(4.9));
            Assert.False(schedule.TryTake());
            time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.True(schedule.TryTake());
            Assert.Equal(0, schedule.Begin());
        }
    }

    [Fact]
    public async Task A_defect_in_the_loop_ends_the_term_and_health_says_why()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Store.Failure = new InvalidCastException("a defect");

        // Whoever waits for the tick gets an answer all the same.
        await term.TickOnlyAsync();

        var ended = await Assert.ThrowsAsync<LoopEndedException>(() => term.Running);
        Assert.Equal("the evaluation failed: a defect", ended.Message);
        Assert.Contains("the evaluation has failed: a defect", term.Health.Verdict().Reasons);
    }

    [Fact]
    public async Task A_fenced_write_ends_the_term_as_a_lead_that_is_lost()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Store.Failure = new FencedException(term.Fence);
        await term.TickOnlyAsync();
        await Assert.ThrowsAsync<FencedException>(() => term.Running);
    }
}
