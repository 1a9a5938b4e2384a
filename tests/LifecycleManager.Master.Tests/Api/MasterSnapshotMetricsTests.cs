using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Master.Tests.Api;

/// <summary><c>/metrics/snapshot</c>: the names that Mesos' exporter reads, and that they say what has happened.</summary>
public sealed class SnapshotMetricsTests
{
    [Fact]
    public async Task Every_name_that_the_exporter_reads_is_there()
    {
        await using var master = await MasterUnderTest.StartAsync();
        var names = (await master.GetAsync("/metrics/snapshot")).EnumerateObject().Select(metric => metric.Name).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        var read = await File.ReadAllLinesAsync(
            Path.Combine(Repository.Root, "tests/LifecycleManager.Master.Tests/Data/exporter-metrics.txt"));
        Assert.Equal(134, read.Length);
        Assert.Empty(read.Except(names));
    }

    [Fact]
    public async Task Counts_and_amounts_are_those_of_what_has_happened()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1) });
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("test", 3600, "a"));
        await using var agent = await master.RegisteredAgentAsync(cpus: 4, mem: 1024);
        await agent.CallAsync(new AgentCall
        {
            Type = AgentCallType.Oversubscribe,
            Oversubscribe = new OversubscribeCall([Resource.OfScalar("cpus", 2)]),
        });
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"), TestFramework.Sleep(offer, "too big", cpus: 1000));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);
        await framework.WaitAsync(() => framework.StateOf("too big") == TaskState.Error);
        var metrics = await MetricsAsync(master);
        Assert.Equal((1.0, 0.0, 1.0, 1.0), (metrics["master/tasks_running"], metrics["master/tasks_killed"],
            metrics["master/tasks_error"], metrics["master/task_error/source_master/reason_task_invalid"]));
        Assert.Equal((4.0, 0.5, 0.125), (metrics["master/cpus_total"], metrics["master/cpus_used"],
            metrics["master/cpus_percent"]));
        Assert.Equal((2.0, 0.0, 0.0), (metrics["master/cpus_revocable_total"], metrics["master/cpus_revocable_used"],
            metrics["master/cpus_revocable_percent"]));
        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t")) });
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Killed);

        // Over and acknowledged: it is counted all the same.
        await Eventually.TrueAsync(
            () => master.AskAsync(core => core.FindFramework(framework.Id)!.Tasks.Count == 0), "the task is over");
        metrics = await MetricsAsync(master);
        Assert.Equal((0.0, 1.0), (metrics["master/tasks_running"], metrics["master/tasks_killed"]));
        Assert.Equal((1.0, 0.0), (metrics["master/messages_register_framework"],
            metrics["master/messages_reregister_framework"]));
        Assert.Equal((1.0, 0.0), (metrics["master/slave_registrations"], metrics["master/slave_reregistrations"]));
        Assert.Equal((1.0, 1.0), (metrics["master/messages_launch_tasks"], metrics["master/messages_kill_task"]));
        Assert.Equal((2.0, 2.0), (metrics["master/messages_status_update"], metrics["master/valid_status_updates"]));
        Assert.Equal((2.0, 0.0), (metrics["master/valid_status_update_acknowledgements"],
            metrics["master/invalid_status_update_acknowledgements"]));
        Assert.True(metrics["allocator/mesos/allocation_run_ms/count"] >= 1);
        Assert.Equal(metrics["allocator/mesos/allocation_runs"], metrics["allocator/mesos/allocation_run_ms/count"]);
        Assert.True(metrics["registrar/registry_size_bytes"] > 0);
        Assert.True(metrics["registrar/state_store_ms/count"] >= 2);
        Assert.True(metrics.ContainsKey("allocator/mesos/roles/a/shares/dominant"));
    }

    [Fact]
    public async Task Each_framework_has_its_own_counts_until_it_is_gone()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1) });
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("a/b c", 3600, "a", "b"));
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"), TestFramework.Sleep(offer, "too big", cpus: 1000));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);
        await framework.WaitAsync(() => framework.StateOf("too big") == TaskState.Error);
        await framework.CallAsync(
            new SchedulerCall { Type = CallType.Suppress, Suppress = new RolesCall(["a"]) });
        await Eventually.TrueAsync(async () => framework.Events.Any(e => e.Type == EventType.Offers)
            && (await MetricsAsync(master))[Name("calls/acknowledge")] >= 1, "its status is acknowledged");
        var metrics = await MetricsAsync(master);
        foreach (var (name, value) in new (string, double)[]
        {
            ("subscribed", 1), ("calls/subscribe", 1), ("calls/accept", 1), ("calls/suppress", 1), ("calls/decline", 0),
            ("events/subscribed", 1), ("events/rescind", 0), ("offers/accepted", 1), ("offers/declined", 0),
            ("operations", 1), ("operations/launch", 1), ("operations/reserve", 0), ("tasks/active/task_running", 1),
            ("tasks/active/task_staging", 0), ("tasks/terminal/task_error", 1), ("tasks/terminal/task_killed", 0),
            ("roles/a/suppressed", 1), ("roles/b/suppressed", 0),
        })
        {
            Assert.Equal((name, value), (name, metrics[Name(name)]));
        }

        Assert.Equal(framework.Events.Count(e => e.Type == EventType.Update), metrics[Name("events/update")]);
        Assert.True(metrics[Name("offers/sent")] >= 1);
        Assert.Equal(metrics[Name("calls")], metrics.Where(own => own.Key.StartsWith(Name("calls/"), StringComparison.Ordinal))
            .Sum(own => own.Value));
        await framework.CallAsync(new SchedulerCall { Type = CallType.Teardown });
        Assert.DoesNotContain((await MetricsAsync(master)).Keys,
            name => name.StartsWith("master/frameworks/", StringComparison.Ordinal));

        string Name(string name) => $"master/frameworks/a%2Fb%20c/{framework.Id.Value}/{name}";
    }

    [Fact]
    public async Task An_agent_that_leaves_is_counted_by_its_reason()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await master.OperateAsync(
            $$"""{"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "{{agent.Id.Value}}"} } }""");
        var metrics = await MetricsAsync(master);
        Assert.Equal((1.0, 1.0, 0.0), (metrics["master/slave_removals"], metrics["master/slave_removals/reason_unregistered"],
            metrics["master/slave_removals/reason_unhealthy"]));
    }

    private static async Task<Dictionary<string, double>> MetricsAsync(MasterUnderTest master) =>
        (await master.GetAsync("/metrics/snapshot")).EnumerateObject()
            .ToDictionary(metric => metric.Name, metric => metric.Value.GetDouble(), StringComparer.Ordinal);
}
