using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Catalog;

/// <summary>
/// A version that an instance runs or that a deployment may go back to stays stored, however many changes come after it: without
/// it the next leader cannot carry on with the deployment.
/// </summary>
public sealed class VersionsInUseTests
{
    private static readonly AppId App = new("/v");

    [Fact]
    public void A_removed_app_is_ended_by_every_later_leader_however_many_changes_come_in_between()
    {
        var world = new BusyCore(1);
        var task = Remove(world);
        world.Restart(TimeSpan.Zero);
        for (var change = 0; change <= BusyCore.Options.MaxVersions; change++)
            world.Put("/other", 0, app => app with { Cmd = $"run {change}" });
        world.Calls.Clear();
        world.Restart(TimeSpan.Zero);

        Assert.Empty(world.Show().Unreadable.Problems);
        AssertEnds(world, task);
    }

    [Fact]
    public void Tasks_of_a_removed_app_end_even_where_its_deployment_cannot_be_carried_on()
    {
        var world = new BusyCore(1);
        var task = Remove(world);
        world.Calls.Clear();
        world.Restart(TimeSpan.Zero, document => document.Replace("\"currentStep\":0", "\"currentStep\":9",
            StringComparison.Ordinal));

        Assert.Single(world.Show().Unreadable.Deployments);
        AssertEnds(world, task);
    }

    /// <summary>Removes an app with a task that runs an older version than the app's last; the task does not end yet.</summary>
    private static string Remove(BusyCore world)
    {
        var task = world.Launch(App.Path).Single();
        world.Put(App.Path, 2);
        world.Ask(new ChangeRequest(root => root.RemoveApp(App), new ChangeOptions(Force: true)));
        return task;
    }

    private static void AssertEnds(BusyCore world, string task)
    {
        Assert.NotEmpty(world.KillsOf(task));
        world.Report(task, TaskState.Killed);
        Assert.DoesNotContain(App, world.Show().Apps.Keys);
    }
}
