using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Snapshots;

public sealed class SchedulerSnapshotTests
{
    private static readonly AppId Web = new("/web");

    [Fact]
    public void A_snapshot_stays_as_it_was_and_the_next_shares_what_has_not_changed()
    {
        var world = new BusyCore(1);
        world.Launch("/other");
        world.Put("/web", 2);
        var before = world.Show();
        Assert.Equal((0, 0), (before.Apps[Web].Staged, before.Apps[Web].Running));

        var tasks = world.Offer("/web");
        var staged = world.Show();
        world.Report(tasks[0], TaskState.Running);
        var running = world.Show();

        Assert.Equal((0, 0), (before.Apps[Web].Staged, before.Apps[Web].Running));
        Assert.Equal((2, 0), (staged.Apps[Web].Staged, staged.Apps[Web].Running));
        Assert.Equal((1, 1), (running.Apps[Web].Staged, running.Apps[Web].Running));
        Assert.Same(before.Apps[new AppId("/other")], running.Apps[new AppId("/other")]);
    }

    [Fact]
    public void Apps_at_rest_may_move_and_those_that_a_deployment_holds_may_not()
    {
        var world = new BusyCore(1);
        world.Launch("/rest");
        world.Launch("/web");
        world.Put("/web", 1, app => app with { Cmd = "other" });

        var settled = SettledApps.Of(world.Show(), PlacementStrategy.Spread);
        Assert.Contains(settled, app => app.App == "/rest" && app.Instances.Count == 1);
        Assert.DoesNotContain(settled, app => app.App == "/web");
    }
}
