using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Tests.Health;

/// <summary>Health and readiness checks over real HTTP: one server stands for all instances, told apart by their ports.</summary>
public sealed class CheckedAppTests
{
    [Fact]
    public async Task An_instance_that_turns_unhealthy_is_ended_and_replaced_and_the_events_tell()
    {
        await using var instances = await CheckedInstances.StartAsync(3);
        await using var master = await FakeMaster.StartAsync();
        master.WithAgent("a1", ports: instances.Ports);
        await using var scheduler = await TestScheduler.StartAsync(master);
        var events = scheduler.Record();
        await scheduler.PutAsync(TestScheduler.App("/web", 1, app => app with
        {
            PortDefinitions = [new PortDefinition { Port = 0, Protocol = "tcp", Name = "default" }],
            HealthChecks =
            [
                new AppHealthCheck
                {
                    Protocol = "HTTP", Path = "/admin/health", PortIndex = 0, GracePeriodSeconds = 30, IntervalSeconds = 0.1,
                    TimeoutSeconds = 5, MaxConsecutiveFailures = 3,
                },
            ],
        }));
        await scheduler.UntilAsync(snapshot => snapshot.Deployments.Count == 0 && scheduler.App("/web")!.Healthy == 1,
            "it is healthy");
        var first = scheduler.App("/web")!.Instances[0];

        instances.Status[first.Ports[0]!.Value] = 503;
        await scheduler.UntilAsync(_ => events.Of("unhealthy_instance_kill_event").Any(), "it is ended");

        // The other may get the same port.
        instances.Status.Clear();
        await scheduler.UntilAsync(_ => master.Launched.Count == 2 && scheduler.App("/web") is { Healthy: 1, Instances.Count: 1 },
            "another took its place");

        // The instance is the same, and this is its next task; why the last one ended is said.
        Assert.Equal(TaskIds.Next(first.TaskId), scheduler.App("/web")!.Instances[0].TaskId);
        var failure = scheduler.App("/web")!.LastFailure!;
        Assert.Equal((first.TaskId, "TASK_KILLED"), (failure.TaskId, failure.State));
        Assert.Equal("Task was killed since health check failed. Reason: the answer is 503 Service Unavailable", failure.Message);
        var kill = events.Of("unhealthy_instance_kill_event").Single();
        Assert.Equal(first.TaskId, kill.GetProperty("taskId").GetString());
        Assert.Equal("the answer is 503 Service Unavailable", kill.GetProperty("reason").GetString());
        Assert.Equal(3, events.Of("failed_health_check_event")
            .Count(failed => failed.GetProperty("taskId").GetString() == first.TaskId));
        Assert.Equal(
            [true, false],
            events.Of("health_status_changed_event").Where(changed => changed.GetProperty("taskId").GetString() == first.TaskId)
                .Select(changed => changed.GetProperty("alive").GetBoolean()));
    }

    [Fact]
    public async Task Old_instances_run_until_the_new_ones_are_ready()
    {
        await using var instances = await CheckedInstances.StartAsync(4);
        await using var master = await FakeMaster.StartAsync();
        master.WithAgent("a1", ports: instances.Ports);
        await using var scheduler = await TestScheduler.StartAsync(master);
        App Ready(App app) => app with
        {
            PortDefinitions = [new PortDefinition { Port = 0, Protocol = "tcp", Name = "http-api" }],
            ReadinessChecks = [new ReadinessCheck { Name = "warm", Path = "/ready", PortName = "http-api", IntervalSeconds = 0.1,
                TimeoutSeconds = 5, PreserveLastResponse = true }],
        };
        await scheduler.PutAsync(TestScheduler.App("/web", 1, Ready));
        await scheduler.SettledAsync("/web", 1);
        var old = scheduler.App("/web")!.Instances[0];
        instances.Default = 503;

        await scheduler.PutAsync(TestScheduler.App("/web", 1, app => Ready(app) with { Cmd = "sleep 2000" }));
        await scheduler.UntilAsync(snapshot =>
            snapshot.Deployments is [{ ReadinessResults: [{ LastStatus: 503, Ready: false }] }], "the new one is asked");
        Assert.Contains(master.Tasks, task => task.Info.TaskId.Value == old.TaskId && task.State == TaskState.Running);

        instances.Default = 200;
        await scheduler.SettledAsync("/web", 1);
        Assert.Equal("sleep 2000", master.Tasks.Single().Info.Command!.Value);
    }
}
