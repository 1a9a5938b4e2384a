using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Tests.Mesos;

/// <summary>The connection to the masters, as a whole scheduler has it.</summary>
public sealed class FrameworkClientTests
{
    [Fact]
    public async Task A_lost_connection_is_made_again_and_updates_that_were_missed_arrive()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        var victim = master.Tasks[0].Info.TaskId.Value;

        master.Disconnect();
        await scheduler.UntilAsync(snapshot => !snapshot.Framework.Connected, "it knows");
        master.Report(victim, TaskState.Failed);
        await scheduler.UntilAsync(snapshot => snapshot.Framework.Connected, "it is connected again");
        await scheduler.UntilAsync(_ => master.Launched.Count == 3, "the failed one is replaced");
        await scheduler.SettledAsync("/web", 2);

        var subscriptions = master.Calls.Where(call => call.Type == CallType.Subscribe).ToList();
        Assert.Null(subscriptions[0].FrameworkId);
        Assert.All(subscriptions.Skip(1), call => Assert.Equal("framework-1", call.FrameworkId!.Value.Value));
        Assert.Empty(master.Faults);
    }

    [Fact]
    public async Task A_master_that_does_not_lead_is_left_for_the_one_that_does()
    {
        await using var leader = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var standby = await FakeMaster.StartAsync();
        standby.RedirectTo = $"//{leader.Address.Authority}/api/v1/scheduler";
        await using var scheduler = await TestScheduler.StartAsync(standby);

        await scheduler.PutAsync(TestScheduler.App("/web", 1));
        await scheduler.SettledAsync("/web", 1);

        Assert.Equal(leader.Address.GetLeftPart(UriPartial.Authority), scheduler.Snapshot.Framework.Master);
    }

    [Fact]
    public async Task A_silent_master_is_left_and_tried_again()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        (master.Heartbeat, master.IsSilent) = (0.2, true);
        await using var scheduler = await TestScheduler.StartAsync(master);

        await scheduler.UntilAsync(_ => master.Calls.Count(call => call.Type == CallType.Subscribe) >= 3,
            "it subscribes again and again");
    }
}
