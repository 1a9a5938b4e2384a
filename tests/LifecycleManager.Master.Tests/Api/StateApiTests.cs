using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>The classic endpoints, with the fields that Mesos' user interface, mesos-dns and exporters read.</summary>
public sealed class StateApiTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/master")]
    public async Task The_endpoints_have_what_tools_read_under_both_paths(string prefix)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("test", 3600, "a"));
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);

        var state = await master.GetAsync($"{prefix}/state");
        Has(state, "version", "id", "pid", "hostname", "start_time", "elected_time", "leader", "activated_slaves", "flags",
            "slaves", "frameworks", "completed_frameworks", "orphan_tasks", "unregistered_frameworks");
        Has(state.GetProperty("slaves")[0], "id", "hostname", "port", "pid", "attributes", "registered_time", "resources",
            "used_resources", "offered_resources", "reserved_resources", "unreserved_resources", "active", "version");
        Assert.Equal("slave(1)@127.0.0.2:5051", state.GetProperty("slaves")[0].GetProperty("pid").GetString());
        Has(state.GetProperty("frameworks")[0], "id", "name", "hostname", "active", "tasks", "completed_tasks",
            "unreachable_tasks", "offers", "executors", "used_resources", "offered_resources", "webui_url", "registered_time");
        Has(state.GetProperty("frameworks")[0].GetProperty("tasks")[0], "id", "name", "framework_id", "slave_id", "executor_id",
            "state", "resources", "statuses");

        var summary = await master.GetAsync($"{prefix}/state-summary");
        var (slave, own) = (summary.GetProperty("slaves")[0], summary.GetProperty("frameworks")[0]);
        Assert.Equal((1, 0), (slave.GetProperty("TASK_RUNNING").GetInt32(), slave.GetProperty("TASK_KILLED").GetInt32()));
        Assert.Equal(1, own.GetProperty("TASK_RUNNING").GetInt32());
        Assert.Equal([framework.Id.Value], slave.GetProperty("framework_ids").EnumerateArray().Select(id => id.GetString()));
        Assert.Equal([agent.Id.Value], own.GetProperty("slave_ids").EnumerateArray().Select(id => id.GetString()));
        Assert.False(own.TryGetProperty("tasks", out _));

        var role = (await master.GetAsync($"{prefix}/roles")).GetProperty("roles").EnumerateArray()
            .Single(role => role.GetProperty("name").GetString() == "a");
        Assert.Equal((1.0, 0.5, 0.5), (role.GetProperty("weight").GetDouble(),
            role.GetProperty("allocated").GetProperty("cpus").GetDouble(),
            role.GetProperty("quota").GetProperty("consumed").GetProperty("cpus").GetDouble()));
        Assert.Equal([framework.Id.Value], role.GetProperty("frameworks").EnumerateArray().Select(id => id.GetString()));
        Assert.Equal(1, (await master.GetAsync($"{prefix}/tasks")).GetProperty("tasks").GetArrayLength());
        foreach (var path in (string[])["state", "tasks", "roles"])
        {
            Assert.Equal((await master.GetAsync($"{prefix}/{path}")).EnumerateObject().Select(field => field.Name),
                (await master.GetAsync($"{prefix}/{path}.json")).EnumerateObject().Select(field => field.Name));
        }

        Assert.Equal(1, (await master.GetAsync($"{prefix}/slaves")).GetProperty("slaves").GetArrayLength());
        Assert.Equal("hierarchical-drf", (await master.GetAsync($"{prefix}/flags")).GetProperty("flags").GetProperty("allocator")
            .GetString());
    }

    [Fact]
    public async Task The_quota_of_a_role_is_shown_with_what_it_owes()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await master.OperateAsync("""
            {"type": "UPDATE_QUOTA", "update_quota": {"force": true, "quota_configs": [
              {"role": "a", "guarantees": {"cpus": {"value": 2}}, "limits": {"cpus": {"value": 3}}}]}}
            """);
        var quota = (await master.GetAsync("/roles")).GetProperty("roles").EnumerateArray()
            .Single(role => role.GetProperty("name").GetString() == "a").GetProperty("quota");
        Assert.Equal((2.0, 3.0), (quota.GetProperty("guarantee").GetProperty("cpus").GetDouble(),
            quota.GetProperty("limit").GetProperty("cpus").GetDouble()));
        var metrics = await master.GetAsync("/metrics/snapshot");
        Assert.Equal(2, metrics.GetProperty("allocator/mesos/quota/roles/a/resources/cpus/guarantee").GetDouble());
    }

    [Fact]
    public async Task Revocable_resources_are_shown_apart()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4);
        await agent.CallAsync(new AgentCall
        {
            Type = AgentCallType.Oversubscribe,
            Oversubscribe = new OversubscribeCall([Resource.OfScalar("cpus", 1.5)]),
        });
        var resources = (await master.GetAsync("/state")).GetProperty("slaves")[0].GetProperty("resources");
        Assert.Equal((4.0, 1.5), (resources.GetProperty("cpus").GetDouble(),
            resources.GetProperty("cpus_revocable").GetDouble()));
    }

    [Fact]
    public async Task The_maintenance_schedule_is_set_and_read()
    {
        const string Schedule = """
            {"windows": [{"machine_ids": [{"hostname": "a"}], "unavailability": {"start": {"nanoseconds": 1795900000000000000}}}]}
            """;
        await using var master = await MasterUnderTest.StartAsync();
        Assert.Equal("{}", (await master.GetAsync("/maintenance/schedule")).ToString());
        using var content = new StringContent(Schedule, Encoding.UTF8, "application/json");
        using var answer = await master.Client.PostAsync("/master/maintenance/schedule", content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(JsonElement.DeepEquals(
            JsonDocument.Parse(Schedule).RootElement, await master.GetAsync("/master/maintenance/schedule")));
        var status = await master.GetAsync("/maintenance/status");
        Assert.Equal("a", status.GetProperty("draining_machines")[0].GetProperty("id").GetProperty("hostname").GetString());
        using var wrong = new StringContent("""{"windows": [{}]}""", Encoding.UTF8, "application/json");
        using var refused = await master.Client.PostAsync("/maintenance/schedule", wrong);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    private static void Has(JsonElement json, params string[] fields) =>
        Assert.Superset(fields.ToHashSet(), json.EnumerateObject().Select(field => field.Name).ToHashSet());
}
