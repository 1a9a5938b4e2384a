using LifecycleManager.Scheduler.Leadership;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scheduler.Tests.Leadership;

/// <summary>
/// What <c>/health</c> says: 503 with the reasons while the scheduler cannot do its work, else 200 and what it does.
/// </summary>
public sealed class SchedulerHealthTests
{
    [Fact]
    public async Task A_leader_is_well_without_a_master_for_its_grace_period_and_no_longer()
    {
        var clock = new FakeTimeProvider();
        await using var scheduler = await SchedulerUnderTest.StartAsync(time: clock);
        Assert.Equal("leading, without a master", (string?)(await scheduler.GetAsync("/health")).Is(200).Json["detail"]);

        clock.Advance(SchedulerHealth.MasterGrace);
        (await scheduler.GetAsync("/health")).Is(200);
        clock.Advance(TimeSpan.FromSeconds(1));

        var sick = (await scheduler.GetAsync("/health")).Is(503).Json;
        Assert.Equal("DOWN", (string?)sick["status"]);
        Assert.Equal("leading, without a master", (string?)sick["state"]);
        Assert.StartsWith("no master has been reached for 31 s; tried: http://127.0.0.1", (string?)sick["reasons"]![0],
            StringComparison.Ordinal);
        (await scheduler.GetAsync("/ping")).Is(200);
    }

    [Fact]
    public async Task A_master_that_comes_back_makes_it_well_again()
    {
        var clock = new FakeTimeProvider();
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address, time: clock);
        await Eventually.TrueAsync(() => scheduler.Service.Snapshot.Framework.Connected);
        Assert.Equal("leading, connected", (string?)(await scheduler.GetAsync("/health")).Is(200).Json["detail"]);

        master.Disconnect();
        await Eventually.TrueAsync(() => !scheduler.Service.Snapshot.Framework.Connected);
        (await scheduler.GetAsync("/health")).Is(200);
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            return scheduler.Service.Snapshot.Framework.Connected;
        });
        clock.Advance(SchedulerHealth.MasterGrace);
        Assert.Equal("leading, connected", (string?)(await scheduler.GetAsync("/health")).Is(200).Json["detail"]);
    }

    [Fact]
    public async Task Standing_by_is_well()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        var clock = new FakeTimeProvider();
        await using var leader = await SchedulerUnderTest.StartAsync(store);
        await using var follower = await SchedulerUnderTest.StartAsync(store, leading: false, time: clock);
        clock.Advance(SchedulerHealth.MasterGrace * 2);

        Assert.Equal("standing by", (string?)(await follower.GetAsync("/health")).Is(200).Json["detail"]);
        Assert.Equal("UP", (string?)(await follower.GetAsync("/health")).Json["status"]);
    }
}
