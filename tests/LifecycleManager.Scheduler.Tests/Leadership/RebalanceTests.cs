using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Inputs;

namespace LifecycleManager.Scheduler.Tests.Leadership;

public sealed class RebalanceTests
{
    [Fact]
    public async Task The_moves_keep_the_upgrade_strategy_and_replace_nothing_else_also_over_a_restart()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var state = await TestScheduler.StateAsync();
        List<string> moving;
        List<string> staying;
        var least = int.MaxValue;
        var most = 0;
        await using (var first = await TestScheduler.StartAsync(master, state))
        {
            await first.PutAsync(TestScheduler.App("/web", 4, app => app with
            {
                UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = 1, MaximumOverCapacity = 0.25 },
            }));
            await first.SettledAsync("/web", 4);
            var all = master.Tasks.Select(task => task.Info.TaskId.Value).ToList();
            (moving, staying) = (all[..2], all[2..]);
            master.WithAgent("a2");

            // It stops in the middle: the successors do not come up before it is back.
            master.OnLaunch = _ => TaskState.Staging;
            var receipt = await first.Service.MoveAsync([.. moving, "gone"], CancellationToken.None);
            await first.UntilAsync(_ => master.Launched.Count == 5, "a successor is launched");
            Assert.Equal("/web", Assert.Single(first.Snapshot.Deployments,
                deployment => deployment.Id == receipt.DeploymentId).AffectedApps.Single().Path);
            await first.CrashAsync();
        }

        master.OnLaunch = _ =>
        {
            least = Math.Min(least, master.Tasks.Count(task => task.State == TaskState.Running));
            most = Math.Max(most, master.Tasks.Count);
            return TaskState.Running;
        };
        await using var second = await TestScheduler.StartAsync(master, state);
        await second.UntilAsync(snapshot => snapshot.Framework.Connected && snapshot.Deployments.Count == 1, "it goes on");
        foreach (var task in master.Tasks.Where(task => task.State == TaskState.Staging).ToList())
            master.Report(task.Info.TaskId.Value, TaskState.Running);
        await second.SettledAsync("/web", 4);

        var now = master.Tasks.Select(task => task.Info.TaskId.Value).ToList();
        Assert.Subset(now.ToHashSet(), staying.ToHashSet());
        Assert.Empty(now.Intersect(moving));
        Assert.Equal(6, master.Launched.Count);
        Assert.Equal(2, second.App("/web")!.Instances.Count(instance => instance.AgentId == "a2"));
        Assert.True(least >= 4, $"only {least} ran");
        Assert.True(most <= 5, $"{most} existed");
        Assert.Empty(master.Faults);
    }

    [Fact]
    public async Task A_rebalance_that_is_cancelled_leaves_the_rest_where_it_is()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 3));
        await scheduler.SettledAsync("/web", 3);
        var before = master.Tasks.Select(task => task.Info.TaskId.Value).ToList();
        master.OnLaunch = _ => TaskState.Staging;

        var receipt = await scheduler.Service.MoveAsync([before[0]], CancellationToken.None);
        await Assert.ThrowsAsync<AppLockedException>(() => scheduler.Service.MoveAsync([before[1]], CancellationToken.None));
        await scheduler.UntilAsync(_ => master.Launched.Count == 4, "a successor is launched");
        await scheduler.Service.CancelDeploymentAsync(receipt.DeploymentId, force: false, CancellationToken.None);
        await scheduler.SettledAsync("/web", 3);

        Assert.Equal(before.Order(), master.Tasks.Select(task => task.Info.TaskId.Value).Order());
        Assert.DoesNotContain(scheduler.App("/web")!.Instances, instance => instance.Moves);
    }
}
