using System.Text.Json;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Tasks;

/// <summary>
/// Updates are told at least once: what an agent tells anew, because it lost an acknowledgement or a line of its record, is no
/// news, and nothing that runs is ended for it.
/// </summary>
public sealed class StatusUpdateHandlerTests
{
    [Theory]
    [InlineData(TaskState.Staging, false)]
    [InlineData(TaskState.Staging, true)]
    [InlineData(TaskState.Starting, false)]
    [InlineData(TaskState.Starting, true)]
    public void What_has_run_does_not_come_up_again_and_is_never_overdue(TaskState old, bool afterAnotherLeader)
    {
        var world = new BusyCore(1);
        var task = Assert.Single(world.Launch("/v"));
        world.RunFor(BusyCore.Options.LaunchTimeout * 2);
        if (afterAnotherLeader) world.Restart(TimeSpan.FromSeconds(1));
        world.Calls.Clear();
        world.Report(task, old);
        Assert.Equal(InstanceState.Running, world.Show().Instances[task].State);
        Assert.Equal(task, Assert.Single(world.Calls, call => call.Call.Acknowledge is not null).Call.Acknowledge!.TaskId.Value);
        world.RunFor(BusyCore.Options.LaunchTimeout * 2);
        Assert.Equal(InstanceState.Running, world.Show().Instances[task].State);
        Assert.Empty(world.KillsOf(task));
        Assert.Empty(world.Show().Queue);
    }

    [Theory]
    [InlineData(TaskState.Staging)]
    [InlineData(TaskState.Starting)]
    public void Old_news_of_what_was_out_of_reach_tell_that_it_runs(TaskState old)
    {
        var world = new BusyCore(1);
        var waits = JsonSerializer.SerializeToElement("disabled");
        var task = Assert.Single(world.Launch("/v", app => app with { UnreachableStrategy = waits }));
        world.RunFor(BusyCore.Options.LaunchTimeout * 2);
        world.Report(task, TaskState.Unreachable);
        Assert.Equal(InstanceState.Unreachable, world.Show().Instances[task].State);
        world.Report(task, old);
        Assert.Equal(InstanceState.Running, world.Show().Instances[task].State);
        world.RunFor(BusyCore.Options.LaunchTimeout);
        Assert.Empty(world.KillsOf(task));
    }

    [Fact]
    public void What_ends_goes_on_ending()
    {
        var world = new BusyCore(1);
        var task = Assert.Single(world.Launch("/v"));
        world.Report(task, TaskState.Killing);
        world.Report(task, TaskState.Starting);
        Assert.Equal(InstanceState.Killing, world.Show().Instances[task].State);
    }

    [Fact]
    public void A_launch_that_has_never_run_is_overdue_as_before()
    {
        var world = new BusyCore(1);
        world.Put("/v", 1);
        var task = Assert.Single(world.Offer("/v"));
        world.Report(task, TaskState.Starting);
        world.RunFor(BusyCore.Options.LaunchTimeout + TimeSpan.FromSeconds(1));
        Assert.Single(world.KillsOf(task));
    }

    [Fact]
    public void Nor_does_one_task_of_a_pod_come_up_again()
    {
        var world = new BusyCore(1);
        var pod = PodDefinitions.ReadPod("""
            {"id": "/pod", "scheduling": {"unreachableStrategy": "disabled"},
             "executorResources": {"cpus": 0.1, "mem": 1, "disk": 0}, "containers": [
              {"name": "a", "resources": {"cpus": 0.1, "mem": 1}, "exec": {"command": {"shell": "sleep 1000"}}},
              {"name": "b", "resources": {"cpus": 0.1, "mem": 1}, "exec": {"command": {"shell": "sleep 1000"}}}]}
            """u8.ToArray());
        world.Put(PodDefinitions.Create(pod, AppId.Root, new DefinitionRules()));
        var tasks = world.Offer("/pod");

        // Before the whole has run: one task runs, and what it told before is told again.
        world.Report(tasks[0], TaskState.Running);
        world.Report(tasks[0], TaskState.Starting);
        Instance Pod() => Assert.Single(world.Show().Instances.Values, one => one.AppId.Path == "/pod");
        Assert.Contains(Pod().Tasks, one => one.State == InstanceState.Running);
        world.Report(tasks[1], TaskState.Running);
        Assert.Equal(InstanceState.Running, Pod().State);

        world.RunFor(BusyCore.Options.LaunchTimeout * 2);
        foreach (var task in tasks)
        {
            world.Report(task, TaskState.Unreachable);
            world.Report(task, TaskState.Starting);
        }

        world.RunFor(BusyCore.Options.LaunchTimeout);
        Assert.Equal(InstanceState.Running, Pod().State);
        Assert.All(tasks, task => Assert.Empty(world.KillsOf(task)));
    }
}
