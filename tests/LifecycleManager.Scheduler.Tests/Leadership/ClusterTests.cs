using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;

namespace LifecycleManager.Scheduler.Tests.Leadership;

public sealed class ClusterTests
{
    [Fact]
    public async Task An_app_is_launched_scaled_out_scaled_in_and_removed()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1").WithAgent("a2");
        await using var scheduler = await TestScheduler.StartAsync(master);
        var events = scheduler.Record();

        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        await scheduler.PutAsync(TestScheduler.App("/web", 5));
        await scheduler.SettledAsync("/web", 5);
        await scheduler.PutAsync(TestScheduler.App("/web", 1));
        await scheduler.SettledAsync("/web", 1);
        Assert.Single(master.Tasks);
        Assert.Equal(5, master.Launched.Count);
        await scheduler.RemoveAsync("/web");
        await scheduler.UntilAsync(snapshot => snapshot.Apps.Count == 0 && snapshot.Deployments.Count == 0, "the app is gone");

        Assert.Empty(master.Tasks);
        Assert.Empty(master.Faults);

        // Events leave after the snapshot that was waited for.
        await Eventually.TrueAsync(() => events.Of("deployment_success").Count() >= 4);
        Assert.Equal(4, events.Of("deployment_success").Count());
        Assert.Single(events.Of("app_terminated_event"));
        Assert.Equal(5, events.Of("status_update_event")
            .Count(update => update.GetProperty("taskStatus").GetString() == "TASK_RUNNING"));
    }

    [Fact]
    public async Task After_a_restart_everything_that_runs_is_found_and_nothing_is_launched()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var state = await TestScheduler.StateAsync();
        await using (var first = await TestScheduler.StartAsync(master, state))
        {
            await first.PutAsync(TestScheduler.App("/web", 3));
            await first.PutAsync(TestScheduler.App("/group/db", 2));
            await first.SettledAsync("/web", 3);
            await first.SettledAsync("/group/db", 2);
        }

        await using var second = await TestScheduler.StartAsync(master, state);
        await second.UntilAsync(snapshot => snapshot.Framework.Connected, "it is connected");
        await second.SettledAsync("/web", 3);
        await second.SettledAsync("/group/db", 2);
        await second.PutAsync(TestScheduler.App("/web", 4));
        await second.SettledAsync("/web", 4);

        Assert.Equal(6, master.Launched.Count);
        Assert.Equal(6, master.Tasks.Count);
        Assert.Empty(master.Faults);
    }

    [Fact]
    public async Task A_failed_instance_is_replaced_after_its_delay_and_remembered()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        var victim = master.Tasks[0].Info.TaskId.Value;

        master.Report(victim, TaskState.Failed, message: "exit code 1");
        await scheduler.UntilAsync(_ => master.Launched.Count == 3, "it is replaced");
        await scheduler.SettledAsync("/web", 2);

        Assert.Equal(victim, scheduler.App("/web")!.LastFailure!.TaskId);
        Assert.Equal("exit code 1", scheduler.App("/web")!.LastFailure!.Message);
    }

    [Fact]
    public async Task A_rolling_restart_replaces_every_instance_and_never_runs_fewer_than_it_may()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 4));
        await scheduler.SettledAsync("/web", 4);
        var old = master.Tasks.Select(task => task.Info.TaskId.Value).ToHashSet();
        var least = int.MaxValue;
        var most = 0;
        master.OnLaunch = _ =>
        {
            least = Math.Min(least, master.Tasks.Count(task => task.State == TaskState.Running));
            most = Math.Max(most, master.Tasks.Count);
            return TaskState.Running;
        };

        await scheduler.PutAsync(TestScheduler.App("/web", 4, app => app with
        {
            Cmd = "sleep 2000",
            UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = 0.75, MaximumOverCapacity = 0.25 },
        }));
        await scheduler.SettledAsync("/web", 4);

        Assert.All(master.Tasks, task => Assert.Equal("sleep 2000", task.Info.Command!.Value));
        Assert.True(least >= 3, $"only {least} ran");
        Assert.True(most <= 5, $"{most} existed");
        Assert.Empty(master.Tasks.Select(task => task.Info.TaskId.Value).Intersect(old));
        Assert.Empty(master.Faults);
    }

    [Fact]
    public async Task An_app_starts_only_after_what_it_depends_on_is_healthy()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        var db = TestScheduler.App("/db", 1, app => app with
        {
            HealthChecks = [new AppHealthCheck { Protocol = "COMMAND", Command = new HealthCommand("true"),
                MaxConsecutiveFailures = 3 }],
        });
        var web = TestScheduler.App("/web", 1, app => app with { Dependencies = ["/db"] });

        await scheduler.Service.ChangeAsync(root => root.PutApp(db).PutApp(web), new ChangeOptions(), CancellationToken.None);
        await scheduler.UntilAsync(snapshot => snapshot.Apps[new AppId("/db")].Running == 1, "the database runs");

        // Whatever follows from that has come about once something newer has.
        await scheduler.PutAsync(TestScheduler.App("/other", 1));
        await scheduler.UntilAsync(
            snapshot => snapshot.Apps.GetValueOrDefault(new AppId("/other"))?.Running == 1, "the other app runs");
        Assert.Empty(scheduler.App("/web")!.Instances);
        Assert.NotNull(master.Tasks[0].Info.HealthCheck);

        master.Report(master.Tasks[0].Info.TaskId.Value, TaskState.Running, healthy: true);
        await scheduler.SettledAsync("/web", 1);
    }

    [Fact]
    public async Task A_changed_app_is_locked_until_its_deployment_is_over_and_a_forced_change_takes_over()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1", cpus: 1);
        await using var scheduler = await TestScheduler.StartAsync(master);
        var events = scheduler.Record();
        var stuck = await scheduler.PutAsync(TestScheduler.App("/web", 1, app => app with { Cpus = 4 }));

        var locked = await Assert.ThrowsAsync<AppLockedException>(() => scheduler.PutAsync(TestScheduler.App("/web", 1)));
        Assert.Equal([stuck.DeploymentId], locked.DeploymentIds);
        await scheduler.UntilAsync(
            snapshot =>
                snapshot.Queue is [{ LastRefused: [{ } refused, ..] }] && refused.Reasons.SequenceEqual(["InsufficientCpus"]),
            "the queue says why it waits");
        Assert.Equal("needs 4 cpus, 1 are free", scheduler.Snapshot.Queue[0].LastRefused[0].Message);

        await scheduler.PutAsync(TestScheduler.App("/web", 1), force: true);
        await scheduler.SettledAsync("/web", 1);
        Assert.Equal(stuck.DeploymentId, events.Of("deployment_failed").Single().GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_cancelled_deployment_goes_back_to_what_ran_before()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        var old = master.Tasks.Select(task => task.Info.TaskId.Value).Order().ToList();
        master.OnLaunch = _ => TaskState.Staging;
        var receipt = await scheduler.PutAsync(TestScheduler.App("/web", 2, app => app with { Cmd = "broken" }));
        await scheduler.UntilAsync(_ => master.Launched.Count > 2, "the new version is on its way");

        await scheduler.Service.CancelDeploymentAsync(receipt.DeploymentId, force: false, CancellationToken.None);
        await scheduler.SettledAsync("/web", 2);

        Assert.Equal(old, master.Tasks.Select(task => task.Info.TaskId.Value).Order());
        Assert.Equal("sleep 1000", scheduler.App("/web")!.Definition.Wire.Cmd);
    }

    [Fact]
    public async Task Instances_on_a_silent_agent_are_replaced_and_ended_when_they_come_back()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1").WithAgent("a2");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/web", 2, app => app with { Constraints = [["hostname", "LIKE", ".*"]] }));
        await scheduler.SettledAsync("/web", 2);
        var agent = master.Tasks[0].AgentId;
        var before = master.Tasks.Count(task => task.AgentId == agent);

        master.Silence(agent);
        await scheduler.UntilAsync(_ => master.Launched.Count == 2 + before, "replacements are launched");
        await scheduler.SettledAsync("/web", 2);
        master.Return(agent);
        await scheduler.UntilAsync(_ => master.Tasks.Count == 2, "those that came back are ended");
        await scheduler.SettledAsync("/web", 2);
    }

    [Fact]
    public async Task With_no_launch_waiting_no_offers_are_asked_for_and_a_change_asks_at_once()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.UntilAsync(_ => master.Calls.Any(call => call.Type == CallType.Suppress), "it suppresses offers");

        await scheduler.PutAsync(TestScheduler.App("/web", 1));
        await scheduler.SettledAsync("/web", 1);

        Assert.Equal(1, master.Calls.Count(call => call.Type == CallType.Revive));
    }

    [Fact]
    public async Task A_count_that_a_policy_owns_is_kept_when_a_pipeline_sends_the_definition_again()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var state = await TestScheduler.StateAsync();
        await using (var first = await TestScheduler.StartAsync(master, state))
        {
            await first.PutAsync(TestScheduler.App("/web", 1));
            await first.SettledAsync("/web", 1);
            await first.Service.ChangeAsync(
                root => root.PutApp(TestScheduler.App("/web", 3)), new ChangeOptions { CountOwner = "policy web" },
                CancellationToken.None);
            await first.SettledAsync("/web", 3);
        }

        await using var scheduler = await TestScheduler.StartAsync(master, state);
        var pipeline = await scheduler.PutAsync(TestScheduler.App("/web", 1, app => app with { Cmd = "sleep 2000" }));
        await scheduler.SettledAsync("/web", 3);

        Assert.Equal(
            ["/web keeps 3 instances in place of 1, since policy web owns its count; a body with instances alone sets it"],
            pipeline.Messages);
        Assert.Equal("policy web", scheduler.App("/web")!.CountOwner);
        Assert.All(master.Tasks, task => Assert.Equal("sleep 2000", task.Info.Command!.Value));

        var again = await scheduler.PutAsync(TestScheduler.App("/web", 2, app => app with { Cmd = "sleep 2000" }));
        Assert.Single(again.Messages);
        Assert.Equal(3, again.Root.FindApp(new AppId("/web"))!.Instances);
        Assert.Equal(pipeline.Version, again.Root.FindApp(new AppId("/web"))!.Version);

        var released = await scheduler.Service.ChangeAsync(
            root => root.PutApp(TestScheduler.App("/web", 1, app => app with { Cmd = "sleep 2000" })),
            new ChangeOptions { CountOwner = "none" },
            CancellationToken.None);
        await scheduler.SettledAsync("/web", 1);
        Assert.Empty(released.Messages);
        Assert.Null(scheduler.App("/web")!.CountOwner);
    }

    [Fact]
    public async Task A_new_version_that_does_not_become_healthy_in_its_time_goes_back_by_itself()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await TestScheduler.StartAsync(master);
        var events = scheduler.Record();
        await scheduler.PutAsync(TestScheduler.App("/web", 2));
        await scheduler.SettledAsync("/web", 2);
        var old = master.Tasks.Select(task => task.Info.TaskId.Value).Order().ToList();
        master.OnLaunch = _ => TaskState.Staging;

        await scheduler.PutAsync(TestScheduler.App("/web", 2, app => app with
        {
            Cmd = "broken",
            Labels = new Dictionary<string, string> { ["lcm.rollback.after"] = "0.5s" },
        }));
        await scheduler.UntilAsync(_ => master.Launched.Count > 2, "the new version is on its way");
        await scheduler.UntilAsync(snapshot => snapshot.Root.FindApp(new AppId("/web"))!.Wire.Cmd == "sleep 1000",
            "it goes back");
        await scheduler.SettledAsync("/web", 2);

        Assert.Equal(old, master.Tasks.Select(task => task.Info.TaskId.Value).Order());
        Assert.Equal("/web was not healthy within 0.5 s; rolled back", events.Of("deployment_failed").Single()
            .GetProperty("reason").GetString());
    }

    [Fact]
    public async Task An_app_of_high_priority_takes_the_place_of_one_of_low_priority_that_can_spare_it()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1", cpus: 1);
        await using var scheduler = await TestScheduler.StartAsync(master);
        await scheduler.PutAsync(TestScheduler.App("/batch", 2, app => app with
        {
            Cpus = 0.5,
            UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = 0.5, MaximumOverCapacity = 0 },
        }));
        await scheduler.SettledAsync("/batch", 2);

        await scheduler.PutAsync(TestScheduler.App("/web", 1, app => app with
        {
            Cpus = 0.5,
            Labels = new Dictionary<string, string> { ["lcm.priority"] = "10" },
        }));
        await scheduler.SettledAsync("/web", 1);

        Assert.Equal(1, scheduler.App("/batch")!.Running);
        Assert.Contains(scheduler.Snapshot.Queue, item => item.Definition.Id.Path == "/batch");
        Assert.Empty(master.Faults);
    }
}
