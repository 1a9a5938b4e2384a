using LifecycleManager.Scaling.Schedules;
using LifecycleManager.Scaling.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scaling.Tests.Schedules;

/// <summary>With Quartz as it is, on the system's clock.</summary>
public sealed class QuartzTicksTests
{
    private const string EverySecond = """
        policy: night
        app: /a
        instances: { min: 1, max: 10 }
        rules:
          - rule: pulse
            schedule: { cron: '* * * * * ?', zone: Europe/London }
            then: { set: 2 }
        """;

    [Fact]
    public async Task A_period_ticks_and_a_rule_that_is_gone_no_longer_fires()
    {
        await using var loop = await Loop.StartAsync(EverySecond);
        loop.Marathon.Add("/a", 1);
        await using var ticks = new QuartzTicks(
            loop.Evaluator, new ManagerOptions { Tick = TimeSpan.FromHours(1) }, TimeProvider.System, NullLogger<QuartzTicks>.Instance);
        await loop.Evaluator.UsePoliciesAsync();

        await ticks.StartAsync(loop.Evaluator.Snapshot.Schedules, default);

        // The first tick of the period comes at once, those of the rule each second.
        await Loop.Until(() => loop.Marathon.Requests.Count >= 3, "the rule's job did not ask for ticks");
        Assert.Equal("schedule night/pulse", loop.Evaluator.Snapshot.LastTick!.Why);

        await ticks.FollowAsync([], default);
        await Task.Delay(300);
        var asked = loop.Marathon.Requests.Count;
        await Task.Delay(1500);
        Assert.Equal(asked, loop.Marathon.Requests.Count);
    }

    [Fact]
    public async Task A_tick_that_takes_longer_than_its_period_is_not_doubled_and_is_counted()
    {
        await using var loop = await Loop.StartAsync(configure: options => options with { Tick = TimeSpan.FromMilliseconds(100) });
        var (now, most) = (0, 0);
        loop.Marathon.Fault = async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Delay(350);
            loop.Time.Advance(TimeSpan.FromMilliseconds(350));
            Interlocked.Decrement(ref now);
            return false;
        };
        await using var ticks = new QuartzTicks(
            loop.Evaluator, new ManagerOptions { Tick = TimeSpan.FromMilliseconds(100) }, TimeProvider.System,
            NullLogger<QuartzTicks>.Instance);

        await ticks.StartAsync([], default);
        await Loop.Until(() => loop.Marathon.Requests.Count >= 5, "it did not go on ticking");
        await ticks.StopAsync();

        Assert.Equal(1, most);
        var text = await loop.MetricsTextAsync();
        Assert.DoesNotContain("lcm_manager_tick_overruns_total 0", text);
        Assert.DoesNotContain("lcm_manager_ticks_skipped_total 0", text);
    }

    [Fact]
    public async Task Stopped_it_ticks_no_more_and_starts_again()
    {
        await using var loop = await Loop.StartAsync();
        await using var ticks = new QuartzTicks(
            loop.Evaluator, new ManagerOptions { Tick = TimeSpan.FromMilliseconds(50) }, TimeProvider.System,
            NullLogger<QuartzTicks>.Instance);
        await ticks.StartAsync([], default);
        await Loop.Until(() => loop.Marathon.Requests.Count >= 3, "it did not tick");

        await ticks.StopAsync();
        var asked = loop.Marathon.Requests.Count;
        await Task.Delay(300);
        Assert.Equal(asked, loop.Marathon.Requests.Count);

        await ticks.StartAsync([], default);
        await Loop.Until(() => loop.Marathon.Requests.Count > asked, "it did not tick again");
    }
}
