using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Launching;

public sealed class WaitingLaunchesTests
{
    [Fact]
    public void A_launch_that_no_offer_fits_waits_without_calling_again_and_again()
    {
        var world = new BusyCore(1);
        world.Put("/big", 1, app => app with { Cpus = 4 });
        Assert.Empty(world.Offer("/big"));
        var refused = Assert.Single(world.Show().Queue);
        Assert.Equal(1, refused.UnusedOffers);
        Assert.Contains(refused.LastOffers, reason => reason is { Reason: "InsufficientCpus", Declined: 1 });

        // The change itself has asked, and is due to be answered.
        world.RunFor(TimeSpan.FromSeconds(1));
        var before = world.Calls.Count;
        world.RunFor(TimeSpan.FromMinutes(1));

        Assert.DoesNotContain(world.Calls.Skip(before), call =>
            call.Call.Type is CallType.Revive or CallType.Suppress or CallType.Decline or CallType.Accept);
        Assert.Single(world.Show().Queue);
    }

    [Fact]
    public void Many_changes_in_a_row_ask_for_offers_at_once_and_then_no_more_than_five_times_a_second()
    {
        var world = new BusyCore(1);
        world.RunFor(TimeSpan.FromSeconds(1));
        var begun = world.Calls.Count;
        world.Put("/first", 1, app => app with { Cpus = 4 });
        Assert.Contains(world.Calls.Skip(begun), call => call.Call.Type == CallType.Revive);
        for (var i = 0; i < 100; i++) world.Put($"/more-{i}", 1, app => app with { Cpus = 4 });
        world.RunFor(TimeSpan.FromSeconds(2));

        var revived = world.Calls.Skip(begun).Where(call => call.Call.Type == CallType.Revive).ToList();
        Assert.InRange(revived.Count, 2, 5);
        for (var i = 1; i < revived.Count; i++)
            Assert.True(revived[i].At - revived[i - 1].At >= TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void With_nothing_to_launch_offers_are_refused_by_one_call()
    {
        var world = new BusyCore(1);
        world.Launch("/v");
        var suppressed = world.Calls.FindLastIndex(call => call.Call.Type == CallType.Suppress);
        Assert.True(suppressed > world.Calls.FindLastIndex(call => call.Call.Type == CallType.Revive));
        world.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(suppressed, world.Calls.FindLastIndex(call => call.Call.Type == CallType.Suppress));
    }
}
