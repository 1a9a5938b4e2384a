using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Tests.Leadership;

/// <summary>New versions in stages: canaries, and blue-green.</summary>
public sealed class RolloutTests : IAsyncLifetime
{
    private const string Old = "sleep 1000";
    private const string New = "sleep 2000";
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = (await FakeMaster.StartAsync()).WithAgent("a1").WithAgent("a2");

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task A_canary_waits_for_a_word_and_goes_on_by_stages()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        var events = scheduler.Record();
        var id = await CanaryAsync(scheduler, 4, "1 pause, 50% pause");
        Assert.Equal((1, 3), (Running(New), Running(Old)));
        Assert.Equal("canary 1", Assert.Single(Assert.Single(scheduler.Snapshot.Deployments).Steps[0].Actions).Stage!.ToString());

        await scheduler.Service.SteerAsync(id, DeploymentSteering.Promote, force: false, default);
        await HeldAsync(scheduler, 1);
        Assert.Equal((2, 2), (Running(New), Running(Old)));
        await scheduler.Service.SteerAsync(id, DeploymentSteering.Promote, force: false, default);
        await scheduler.SettledAsync("/web", 4);

        Assert.Equal((4, 0), (Running(New), Running(Old)));
        Assert.Equal(2, events.Of("deployment_paused").Count());
        Assert.Empty(_master.Faults);
    }

    [Fact]
    public async Task A_canary_that_is_given_up_leaves_what_ran_before_untouched()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        var id = await CanaryAsync(scheduler, 4, "1 pause");
        var kept = _master.Tasks.Where(task => task.Info.Command!.Value == Old).Select(task => task.Info.TaskId.Value).ToList();

        await scheduler.Service.CancelDeploymentAsync(id, force: false, default);
        await scheduler.SettledAsync("/web", 4);

        Assert.Equal((0, 4), (Running(New), Running(Old)));
        Assert.All(kept, task => Assert.Contains(task, _master.Tasks.Select(one => one.Info.TaskId.Value)));
    }

    [Fact]
    public async Task A_canary_rests_through_crashes_and_lost_instances_of_both_versions()
    {
        await using var state = await TestScheduler.StateAsync();
        string id;
        await using (var first = await TestScheduler.StartAsync(_master, state)) id = await CanaryAsync(first, 4, "1 pause");
        await using (var second = await TestScheduler.StartAsync(_master, state))
        {
            await HeldAsync(second, 0);
            var launched = _master.Launched.Count;
            _master.Report(Task(Old), TaskState.Failed);
            await second.UntilAsync(_ => _master.Launched.Count == launched + 1 && Running(Old) == 3,
                "the old one is replaced by an old one");
            _master.Report(Task(New), TaskState.Failed);
            await second.UntilAsync(_ => _master.Launched.Count >= launched + 2 && Running(New) == 1, "the new one by a new one");
            await HeldAsync(second, 0);
        }

        await using var third = await TestScheduler.StartAsync(_master, state);
        await HeldAsync(third, 0);
        Assert.Equal((1, 3), (Running(New), Running(Old)));
        await third.Service.SteerAsync(id, DeploymentSteering.Promote, force: false, default);
        await third.SettledAsync("/web", 4);
        Assert.Equal((4, 0), (Running(New), Running(Old)));
    }

    [Fact]
    public async Task A_policy_scales_an_app_whose_canary_rests_and_the_count_stays_when_it_is_given_up()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        var id = await CanaryAsync(scheduler, 4, "25% pause");

        var receipt = await scheduler.Service.ChangeAsync(
            root => root.PutApp(root.FindApp(new AppId("/web"))!.WithInstances(8)),
            new ChangeOptions { CountOwner = "policy web" }, default);
        Assert.Equal(id, receipt.DeploymentId);
        await scheduler.UntilAsync(_ => (Running(New), Running(Old)) == (2, 6), "a quarter of eight is new");
        await HeldAsync(scheduler, 0);
        await Assert.ThrowsAsync<AppLockedException>(() => scheduler.PutAsync(TestScheduler.App("/web", 8)));

        await scheduler.Service.CancelDeploymentAsync(id, force: false, default);
        await scheduler.SettledAsync("/web", 8);
        Assert.Equal((0, 8), (Running(New), Running(Old)));
        Assert.Equal("policy web", scheduler.App("/web")!.CountOwner);
    }

    [Fact]
    public async Task A_canary_that_does_not_come_up_in_its_time_is_taken_back_and_a_taking_back_is_never_taken_back()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        await scheduler.PutAsync(App(4, Old, null));
        await scheduler.SettledAsync("/web", 4);
        _master.OnLaunch = _ => TaskState.Staging;
        await scheduler.PutAsync(App(4, New, "1 pause", ("lcm.rollback.after", "0.5")));
        await scheduler.UntilAsync(_ => _master.Launched.Count == 5, "the canary is on its way");
        await scheduler.UntilAsync(snapshot => snapshot.Root.FindApp(new AppId("/web"))!.Wire.Cmd == Old, "it goes back");
        await scheduler.SettledAsync("/web", 4);
        Assert.Equal((0, 4), (Running(New), Running(Old)));
    }

    [Fact]
    public async Task A_paused_deployment_replaces_nothing_more_until_it_is_resumed()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        await scheduler.PutAsync(App(3, Old, null));
        await scheduler.SettledAsync("/web", 3);
        _master.OnLaunch = _ => TaskState.Staging;
        var id = (await scheduler.PutAsync(App(3, New, null))).DeploymentId;
        await scheduler.UntilAsync(_ => _master.Launched.Count == 6, "new ones are on their way");
        await scheduler.Service.SteerAsync(id, DeploymentSteering.Pause, force: false, default);
        _master.OnLaunch = _ => TaskState.Running;
        await Assert.ThrowsAsync<DeploymentStateException>(() =>
            scheduler.Service.SteerAsync(id, DeploymentSteering.Pause, force: false, default));
        Assert.True(Assert.Single(scheduler.Snapshot.Deployments).IsPaused);

        foreach (var task in _master.Tasks.Where(task => task.State == TaskState.Staging).ToList())
            _master.Report(task.Info.TaskId.Value, TaskState.Running);
        await scheduler.UntilAsync(_ => Running(New) == 3 && Running(Old) == 0, "what was begun is finished");
        Assert.Single(scheduler.Snapshot.Deployments);
        await scheduler.Service.SteerAsync(id, DeploymentSteering.Resume, force: false, default);
        await scheduler.SettledAsync("/web", 3);
        await Assert.ThrowsAsync<DeploymentNotFoundException>(() =>
            scheduler.Service.SteerAsync(id, DeploymentSteering.Resume, force: false, default));
    }

    [Fact]
    public async Task Green_stands_beside_blue_without_work_until_the_switch_and_blue_until_its_time_is_over()
    {
        await using var state = await TestScheduler.StateAsync();
        string id;
        await using (var first = await TestScheduler.StartAsync(_master, state))
        {
            await first.PutAsync(App(2, Old, null));
            await first.SettledAsync("/web", 2);
            id = await BlueGreenAsync(first, 3, new BlueGreenOptions(new AppId("/web"))
            {
                SwitchesItself = false,
                Keep = TimeSpan.FromHours(1)
            });
            await HeldAsync(first, 0);
        }

        await using var scheduler = await TestScheduler.StartAsync(_master, state);
        await HeldAsync(scheduler, 0);
        Assert.Equal((3, 2), (Running(New), Running(Old)));
        Assert.Equal([Old, Old], Serving(scheduler));

        await scheduler.Service.SteerAsync(id, DeploymentSteering.Promote, force: false, default);
        Assert.Equal([New, New, New], Serving(scheduler));
        await HeldAsync(scheduler, 1);
        Assert.Equal((3, 2), (Running(New), Running(Old)));

        await scheduler.Service.SteerAsync(id, DeploymentSteering.Promote, force: false, default);
        await scheduler.SettledAsync("/web", 3);
        Assert.Equal((3, 0), (Running(New), Running(Old)));
        Assert.Empty(_master.Faults);
    }

    [Fact]
    public async Task After_the_switch_the_way_back_is_one_moment_too()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        await scheduler.PutAsync(App(2, Old, null));
        await scheduler.SettledAsync("/web", 2);
        var blue = _master.Tasks.Select(task => task.Info.TaskId.Value).Order().ToList();
        var id = await BlueGreenAsync(scheduler, 2, new BlueGreenOptions(new AppId("/web")) { Keep = TimeSpan.FromHours(1) });
        await HeldAsync(scheduler, 1);
        Assert.Equal([New, New], Serving(scheduler));

        await scheduler.Service.CancelDeploymentAsync(id, force: false, default);
        Assert.Equal([Old, Old], Serving(scheduler));
        await scheduler.SettledAsync("/web", 2);
        Assert.Equal(blue, _master.Tasks.Select(task => task.Info.TaskId.Value).Order());
    }

    [Fact]
    public async Task Green_that_does_not_become_healthy_is_given_up_by_itself()
    {
        await using var scheduler = await TestScheduler.StartAsync(_master);
        await scheduler.PutAsync(App(2, Old, null));
        await scheduler.SettledAsync("/web", 2);
        _master.OnLaunch = _ => TaskState.Staging;
        await BlueGreenAsync(scheduler, 2, new BlueGreenOptions(new AppId("/web")) { AbortAfter = TimeSpan.FromSeconds(0.5) });
        await scheduler.UntilAsync(_ => _master.Launched.Count == 4, "green is on its way");
        await scheduler.UntilAsync(snapshot => snapshot.Root.FindApp(new AppId("/web"))!.Wire.Cmd == Old, "it is given up");
        await scheduler.SettledAsync("/web", 2);
        Assert.Equal((0, 2), (Running(New), Running(Old)));
    }

    private static AppDefinition App(int count, string command, string? canary, params (string Name, string Value)[] labels)
    {
        var all = labels.ToDictionary(label => label.Name, label => label.Value);
        if (canary is not null) all["lcm.canary"] = canary;
        return TestScheduler.App("/web", count, app => app with { Cmd = command, Labels = all });
    }

    private static async Task<string> BlueGreenAsync(TestScheduler scheduler, int count, BlueGreenOptions options) =>
        (await scheduler.Service.ChangeAsync(
        root => root.PutApp(App(count, New, null)), new ChangeOptions { BlueGreen = options }, default)).DeploymentId;

    private static Task HeldAsync(TestScheduler scheduler, int step) => scheduler.UntilAsync(
        snapshot => snapshot.Deployments is [{ HeldSince: not null } deployment]
        && deployment.CurrentStep == step, $"it rests after step {step}");

    private static async Task<string> CanaryAsync(TestScheduler scheduler, int count, string canary)
    {
        await scheduler.PutAsync(App(count, Old, null));
        await scheduler.SettledAsync("/web", count);
        var id = (await scheduler.PutAsync(App(count, New, canary))).DeploymentId;
        await HeldAsync(scheduler, 0);
        return id;
    }

    private List<string> Serving(TestScheduler scheduler)
    {
        var app = scheduler.App("/web")!;
        return [.. app.Instances.Where(instance => instance.State == InstanceState.Running && app.Serves(instance))
            .Select(instance => _master.Tasks.First(task => task.Info.TaskId.Value == instance.TaskId).Info.Command!.Value!)];
    }

    private int Running(string command) =>
        _master.Tasks.Count(task => task.State == TaskState.Running && task.Info.Command!.Value == command);

    private string Task(string command) => _master.Tasks.First(task => task.Info.Command!.Value == command).Info.TaskId.Value;
}
