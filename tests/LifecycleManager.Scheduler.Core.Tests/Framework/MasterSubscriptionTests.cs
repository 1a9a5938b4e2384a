using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Framework;

public sealed class MasterSubscriptionTests
{
    [Fact]
    public void A_framework_registers_once_and_is_the_same_for_every_later_leader()
    {
        var world = new BusyCore(1);
        world.Disconnect();
        world.Connect();
        world.Restart(TimeSpan.FromMinutes(1));
        var told = world.Events.Select(told => told.Event.EventType)
            .Where(type => type.StartsWith("scheduler_", StringComparison.Ordinal));
        Assert.Equal(
            [
                "scheduler_registered_event", "scheduler_disconnected_event", "scheduler_reregistered_event",
                "scheduler_reregistered_event",
            ],
            told);
        Assert.Equal("f", world.Show().Framework.FrameworkId);
    }

    [Fact]
    public void Without_a_master_nothing_is_called_and_afterwards_what_waits_is()
    {
        var world = new BusyCore(1);
        world.Disconnect();
        var before = world.Calls.Count;
        world.Put("/v", 1);
        world.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(before, world.Calls.Count);
        Assert.False(world.Show().Framework.Connected);

        world.Connect();
        Assert.Single(world.Offer("/v"));
        Assert.All(world.Calls, call => Assert.Equal("f", call.Call.FrameworkId?.Value));
    }
}
