using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Api;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class ServingAppsTests
{
    [Fact]
    public async Task An_instance_is_shown_as_it_comes_up_serves_and_is_drained()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address);
        (await scheduler.PostAsync("/v2/apps", """
            {"id":"/web/shop","cmd":"serve","cpus":0.1,"labels":{"announce":"yes","lcm.drain":"1h"},
             "healthChecks":[{"protocol":"MESOS_HTTP","path":"/health"}]}
            """)).Is(201);
        (await scheduler.PostAsync("/v2/apps", """{"id":"/web/quiet","cmd":"serve","cpus":0.1}""")).Is(201);
        await SchedulerUnderTest.UntilAsync(() => master.Tasks.Count == 2);
        var task = master.Launched.Single(id => id.StartsWith("web_shop", StringComparison.Ordinal));
        IReadOnlyList<AppTask> Serving()
        {
            var app = Assert.Single(scheduler.Serving.Read(labels => labels.ContainsKey("announce"))!);
            Assert.Equal(("/web/shop", "/health"), (app.Id, app.HealthChecks![0].Path));
            return app.Tasks!;
        }

        await SchedulerUnderTest.UntilAsync(() => Serving() is [{ State: "TASK_RUNNING", Started: false }]);
        master.Report(task, TaskState.Running, healthy: true);
        await SchedulerUnderTest.UntilAsync(() => Serving() is [{ Started: null, HealthCheckResults: [{ Alive: true }] }]);
        Assert.Equal(task, Assert.Single(Serving()).Id);
        master.Report(task, TaskState.Running, healthy: false);
        await SchedulerUnderTest.UntilAsync(() => Serving() is [{ Started: null, HealthCheckResults: [{ Alive: false }] }]);

        master.Report(task, TaskState.Running, healthy: true);
        await SchedulerUnderTest.UntilAsync(() => Serving() is [{ HealthCheckResults: [{ Alive: true }] }]);
        (await scheduler.DeleteAsync($"/v2/apps/web/shop/tasks/{task}")).Is(200);
        await SchedulerUnderTest.UntilAsync(() => Serving().Any(one => one.Id == task && one.State == "TASK_KILLING"));
        Assert.Equal("TASK_KILLING", (string?)(await scheduler.GetAsync("/v2/tasks")).Json["tasks"]!.AsArray()
            .Single(one => (string)one!["id"]! == task)!["state"]);
        Assert.DoesNotContain(master.Calls, call => call.Kill?.TaskId.Value == task);
        (await scheduler.DeleteAsync($"/v2/apps/web/shop/tasks/{task}?force=true")).Is(200);
        await SchedulerUnderTest.UntilAsync(() => master.Calls.Any(call => call.Kill?.TaskId.Value == task));
    }
}
