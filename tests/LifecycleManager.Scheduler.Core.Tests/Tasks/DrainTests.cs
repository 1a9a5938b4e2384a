using System.Text;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Tasks;

/// <summary>An instance that may have work and is to end runs on without getting any, for the time that its app states.</summary>
public sealed class DrainTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(10);
    private static readonly AppHealthCheck[] Checks = [new() { Protocol = "HTTP", Port = 80, MaxConsecutiveFailures = 1 }];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Others_are_told_first_and_the_kill_follows_in_time_and_is_repeated(int seed)
    {
        var world = new BusyCore(seed);
        var task = world.Launch("/v", Drained)[0];
        world.Events.Clear();
        world.Ask(new KillRequest([task], new KillOptions()));
        var begun = world.Now;

        Assert.Contains(world.Events, told => told.Event.EventType == "status_update_event"
            && told.Text.Contains("\"taskStatus\":\"TASK_KILLING\"", StringComparison.Ordinal));
        Assert.Contains(world.Events, told => told.Event.EventType == "instance_changed_event"
            && told.Text.Contains("\"condition\":\"Killing\"", StringComparison.Ordinal));

        // A second word, without force, begins nothing anew; and what the agent knows of it is no news.
        world.RunFor(Time / 2);
        world.Ask(new KillRequest([task], new KillOptions()));
        world.Report(task, TaskState.Running);
        Assert.Equal(InstanceState.Killing, world.Show().Instances[task].ShownState);
        world.RunFor(Time + BusyCore.Options.KillRetry);
        Assert.Equal(2, world.KillsOf(task).Count);
        BusyCore.AssertOnTime(begun + Time, world.KillsOf(task)[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void The_deployment_waits_for_it_and_it_counts_as_ending(int count)
    {
        var world = new BusyCore(1);
        var tasks = world.Launch("/v", app => Drained(app) with { Instances = count });
        world.Put("/v", count - 1, app => Drained(app) with { Instances = count - 1 });
        var ending = Assert.Single(tasks, task => world.Show().Instances[task].ShownState == InstanceState.Killing);
        Assert.Empty(world.KillsOf(ending));
        Assert.Equal(count - 1, world.Show().Apps[world.Show().Instances[ending].AppId].Running);

        world.RunFor(Time + TimeSpan.FromSeconds(1));
        Assert.Single(world.KillsOf(ending));
        Assert.NotEmpty(Deployments(world));
        world.Report(ending, TaskState.Killed);
        Assert.Empty(Deployments(world));
    }

    [Fact]
    public void An_upgrade_drains_no_more_than_the_least_of_serving_instances_allows()
    {
        var world = new BusyCore(1);
        var strategy = new UpgradeStrategy { MinimumHealthCapacity = 0.5, MaximumOverCapacity = 0 };
        var old = world.Launch("/v", app => Drained(app) with { Instances = 4, UpgradeStrategy = strategy });
        world.Put("/v", 4, app => Drained(app) with { Instances = 4, UpgradeStrategy = strategy, Cmd = "other" });
        for (var wave = 1; wave <= 2; wave++)
        {
            // Two of four drain: they serve no more, though they run, and no third may go.
            var draining = old.Where(task => world.Show().Instances.GetValueOrDefault(task)?.ShownState == InstanceState.Killing)
                .ToList();
            Assert.Equal(2, draining.Count);
            Assert.Empty(world.Offer("/v"));
            world.RunFor(Time + TimeSpan.FromSeconds(1));
            Assert.All(draining, task => Assert.Single(world.KillsOf(task)));
            foreach (var task in draining) world.Report(task, TaskState.Killed);
            foreach (var task in world.Offer("/v")) world.Report(task, TaskState.Running);
        }

        Assert.Empty(Deployments(world));
    }

    [Fact]
    public void Force_ends_it_at_once_at_the_first_word_and_at_a_later_one()
    {
        var world = new BusyCore(1);
        var tasks = world.Launch("/v", app => Drained(app) with { Instances = 2 });
        world.Ask(new KillRequest([tasks[0]], new KillOptions(Force: true)));
        Assert.Single(world.KillsOf(tasks[0]));

        world.Ask(new KillRequest([tasks[1]], new KillOptions()));
        Assert.Empty(world.KillsOf(tasks[1]));
        world.Ask(new KillRequest([tasks[1]], new KillOptions(Force: true)));
        Assert.Single(world.KillsOf(tasks[1]));
        Assert.Equal(InstanceState.Killing, world.Show().Instances[tasks[1]].ShownState);
    }

    [Fact]
    public void What_has_no_work_is_ended_at_once()
    {
        var world = new BusyCore(1);
        // Its own check ends it: there is nothing to finish.
        var sick = world.Launch("/sick", app => Drained(app) with { HealthChecks = Checks })[0];
        world.Healthy(sick);
        world.Unhealthy(sick);
        Assert.Single(world.KillsOf(sick));

        world = new BusyCore(1);
        world.Put("/starting", 1, Drained);
        var starting = world.Offer("/starting")[0];
        world.Ask(new KillRequest([starting], new KillOptions()));
        Assert.Single(world.KillsOf(starting));
    }

    [Fact]
    public void An_agent_that_is_lost_ends_the_draining()
    {
        var world = new BusyCore(1);
        var strategy = JsonSerializer.Deserialize<JsonElement>("""{"inactiveAfterSeconds":240,"expungeAfterSeconds":240}""");
        var task = world.Launch("/v", app => Drained(app) with { UnreachableStrategy = strategy })[0];
        world.Ask(new KillRequest([task], new KillOptions()));
        world.Report(task, TaskState.Unreachable);
        Assert.Empty(world.KillsOf(task));
        world.Report(task, TaskState.Running);
        Assert.Single(world.KillsOf(task));
        Assert.Equal(InstanceState.Killing, world.Show().Instances[task].ShownState);
    }

    [Fact]
    public void An_agent_that_drains_has_what_serves_drained_and_replaced()
    {
        var world = new BusyCore(1);
        var task = world.Launch("/v", Drained)[0];
        world.Report(task, TaskState.Running, StatusReason.AgentDraining);
        Assert.Equal(InstanceState.Killing, world.Show().Instances[task].ShownState);
        Assert.Single(world.Offer("/v"));
        Assert.Empty(world.KillsOf(task));
        world.RunFor(Time + TimeSpan.FromSeconds(1));
        Assert.Single(world.KillsOf(task));

        // An end that was wanted is no failure.
        world.Report(task, TaskState.Killed);
        Assert.Null(world.Show().Apps.Single(app => app.Key.Path == "/v").Value.LastFailure);
    }

    [Theory]
    [InlineData("lcm.drain", "other", "other")]
    [InlineData("other", "lcm.drain", "other")]
    [InlineData("other", "other", "lcm.drain")]
    public void A_pod_is_drained_as_one_and_its_tasks_carry_the_label(string ofPod, string ofWeb, string ofLog)
    {
        // Its own label or a container's: an instance ends as one, when the one that needs the most time is done.
        var world = new BusyCore(1);
        var pod = PodDefinitions.ReadPod(Encoding.UTF8.GetBytes($$$"""
            {"id": "/pod", "labels": {"{{{ofPod}}}": "10s"}, "executorResources": {"cpus": 0.1, "mem": 1, "disk": 0},
             "containers": [
              {"name": "web", "exec": {"command": {"shell": "sleep 1000"}}, "resources": {"cpus": 0.1, "mem": 1},
               "labels": {"{{{ofWeb}}}": "10s"}},
              {"name": "log", "exec": {"command": {"shell": "sleep 1000"}}, "resources": {"cpus": 0.1, "mem": 1},
               "labels": {"{{{ofLog}}}": "10s"}},
              {"name": "db", "exec": {"command": {"shell": "sleep 1000"}}, "resources": {"cpus": 0.1, "mem": 1},
               "labels": {"lcm.drain": "2s"}}]}
            """));
        world.Put(PodDefinitions.Create(pod, AppId.Root, new DefinitionRules()));
        var tasks = world.Offer("/pod");
        Assert.Equal(3, tasks.Count);
        var infos = world.Calls.SelectMany(call => call.Call.Accept?.Operations ?? [])
            .SelectMany(operation => operation.LaunchGroup?.TaskGroup.Tasks ?? []);
        Assert.All(infos, info => Assert.Contains(new Label("lcm.drain", "10s"), info.Labels!.Items!));
        foreach (var task in tasks) world.Report(task, TaskState.Running);

        world.Report(tasks[1], TaskState.Running, StatusReason.AgentDraining);
        var begun = world.Now;
        world.Report(tasks[0], TaskState.Running, StatusReason.AgentDraining);
        var instance = Assert.Single(world.Show().Instances.Values, one => one.AppId.Path == "/pod");
        Assert.Equal(InstanceState.Killing, instance.ShownState);

        // What replaces it need not wait for its end.
        Assert.Equal(3, world.Offer("/pod").Count);
        Assert.All(tasks, task => Assert.Empty(world.KillsOf(task)));
        world.RunFor(Time + TimeSpan.FromSeconds(1));
        Assert.All(tasks, task => BusyCore.AssertOnTime(begun + Time, Assert.Single(world.KillsOf(task))));
        foreach (var task in tasks) world.Report(task, TaskState.Killed);
        Assert.Null(world.Show().Apps.Single(app => app.Key.Path == "/pod").Value.LastFailure);
    }

    [Fact]
    public void By_what_is_wanted_of_the_app_now_not_by_what_it_was_launched_with()
    {
        var world = new BusyCore(1);
        var task = world.Launch("/v")[0];
        world.Put("/v", 0, app => Drained(app) with { Instances = 0 });
        Assert.Equal(InstanceState.Killing, world.Show().Instances[task].ShownState);
        Assert.Empty(world.KillsOf(task));
    }

    // Of the app alone: the busy one's own is never done.
    private static IEnumerable<DeploymentStatus> Deployments(BusyCore world) => world.Show().Deployments
        .Where(deployment => deployment.AffectedApps.Any(app => app.Path == "/v"));

    private static App Drained(App app) => app with { Labels = new Dictionary<string, string> { ["lcm.drain"] = "10s" } };
}
