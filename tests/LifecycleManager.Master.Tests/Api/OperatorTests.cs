using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

public sealed class OperatorTests
{
    [Fact]
    public async Task The_whole_state_is_read_in_the_shapes_of_mesos()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        var task = TestFramework.Sleep(offer, "t1", cpus: 1.5) with
        {
            Labels = new Labels([new Label("team", "search")]),
            Command = new CommandInfo
            {
                Value = "run",
                Environment =
                new CommandEnvironment([new() { Name = "PASSWORD", Value = "hush" }])
            },
        };
        await framework.LaunchAsync(offer, task);
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);

        var slave = (await master.GetAsync("/slaves")).GetProperty("slaves")[0];
        Assert.Equal(agent.Id.Value, slave.GetProperty("id").GetString());
        Assert.Equal(1.5, slave.GetProperty("used_resources").GetProperty("cpus").GetDouble());
        Assert.Equal("[31000-32000]", slave.GetProperty("resources").GetProperty("ports").GetString());
        Assert.Equal("r1", slave.GetProperty("attributes").GetProperty("rack").GetString());
        Assert.True(slave.GetProperty("active").GetBoolean());
        var state = await master.GetAsync("/master/state");
        Assert.Equal(1, state.GetProperty("activated_slaves").GetInt32());
        var shown = state.GetProperty("frameworks")[0].GetProperty("tasks")[0];
        Assert.Equal("TASK_RUNNING", shown.GetProperty("state").GetString());
        Assert.Equal("team", shown.GetProperty("labels")[0].GetProperty("key").GetString());
        Assert.Equal("t1", (await master.GetAsync("/tasks?limit=1")).GetProperty("tasks")[0].GetProperty("id").GetString());
        Assert.Equal(framework.Id.Value, (await master.GetAsync("/frameworks")).GetProperty("frameworks")[0].GetProperty("id")
            .GetString());
        Assert.Equal(1, (await master.GetAsync("/metrics/snapshot")).GetProperty("master/tasks_running").GetDouble());

        Assert.True((await master.OperateAsync("""{"type": "GET_HEALTH"}""")).GetProperty("get_health").GetProperty("healthy")
            .GetBoolean());
        Assert.NotEmpty((await master.OperateAsync("""{"type": "GET_VERSION"}""")).GetProperty("get_version")
            .GetProperty("version_info").GetProperty("version").GetString()!);
        var agents = (await master.OperateAsync("""{"type": "GET_AGENTS"}""")).GetProperty("get_agents").GetProperty("agents");
        Assert.Equal(agent.Id.Value, agents[0].GetProperty("agent_info").GetProperty("id").GetProperty("value").GetString());
        var tasks = (await master.OperateAsync("""{"type": "GET_TASKS"}""")).GetProperty("get_tasks").GetProperty("tasks");
        Assert.Equal("t1", tasks[0].GetProperty("task_id").GetProperty("value").GetString());
        Assert.Equal(1, (await master.OperateAsync("""{"type": "GET_FRAMEWORKS"}""")).GetProperty("get_frameworks")
            .GetProperty("frameworks").GetArrayLength());
        Assert.Equal("*", (await master.OperateAsync("""{"type": "GET_ROLES"}""")).GetProperty("get_roles")
            .GetProperty("roles")[0].GetProperty("name").GetString());
        Assert.Equal(
            master.Options.Address.Port,
            (await master.OperateAsync("""{"type": "GET_MASTER"}""")).GetProperty("get_master").GetProperty("master_info")
                .GetProperty("port").GetInt32());
        Assert.Contains(
            (await master.OperateAsync("""{"type": "GET_METRICS"}""")).GetProperty("get_metrics").GetProperty("metrics")
            .EnumerateArray(),
            metric => metric.GetProperty("name").GetString() == "master/elected" && metric.GetProperty("value").GetDouble() == 1);
        Assert.NotEqual(0, (await master.OperateAsync("""{"type": "GET_FLAGS"}""")).GetProperty("get_flags").GetProperty("flags")
            .GetArrayLength());
        var all = await master.OperateAsync("""{"type": "GET_STATE"}""");
        Assert.Equal("t1", all.GetProperty("get_state").GetProperty("get_tasks").GetProperty("tasks")[0].GetProperty("name")
            .GetString());

        // Whatever is in an environment is nobody's to read here.
        Assert.DoesNotContain("hush", state + all.ToString(), StringComparison.Ordinal);
        var metrics = await master.Client.GetStringAsync("/metrics");
        foreach (var line in new[]
        {
            "lcm_master_leader 1", "lcm_master_agents{state=\"active\"} 1", "lcm_master_frameworks{state=\"connected\"} 1",
            "lcm_master_tasks{state=\"running\"} 1", "lcm_master_resources_used{resource=\"cpus\"} 1.5",
            "lcm_master_resources{resource=\"cpus\"} 4",
            "lcm_master_offers_accepted_total 1", "lcm_master_allocation_seconds_bucket",
        })
        {
            Assert.Contains(line, metrics, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"type": "GET_LOGGING_LEVEL"}""", 501, "GET_LOGGING_LEVEL")]
    [InlineData("""{"type": "CREATE_VOLUMES"}""", 501, "CREATE_VOLUMES")]
    [InlineData("""{}""", 400, "'type'")]
    [InlineData("""{"type": "DRAIN_AGENT"}""", 400, "drain_agent.agent_id")]
    [InlineData("""{"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "x"}}}""", 404, "x")]
    [InlineData("""{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "a", "weight": 0}]}}""", 400,
        "over 0")]
    [InlineData("""{"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [{"role": "*", "limits": {}}]}}""", 400, "'*'")]
    [InlineData(
        """{"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [{"role": "a", "guarantees": {"cpus": {"value": 2}}, "limits": {"cpus": {"value": 1}}}]}}""", 400, "limit")]
    [InlineData(
        """{"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [{"role": "a", "guarantees": {"cpus": {"value": 1}}}]}}""",
        400, "cpus")]
    [InlineData(
        """
        {"type": "UPDATE_QUOTA", "update_quota": {"force": true,
            "quota_configs": [{"role": "a/b/c", "guarantees": {"mem": {"value": 5}}}]}}
        """,
        400, "role 'a/b' guarantees 0 mem, less than the 5 of its children together")]
    [InlineData(
        """{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": [{"machine_ids": []}]}}}""", 400, "machines")]
    public async Task What_cannot_be_done_is_said(string call, int status, string says)
    {
        await using var master = await MasterUnderTest.StartAsync();
        using var content = new StringContent(call, Encoding.UTF8, "application/json");
        using var answer = await master.Client.PostAsync("/api/v1", content);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(says, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drained_agent_has_no_tasks_and_may_be_brought_back()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running && framework.Offers.Count == 1);
        await master.OperateAsync(
            OnAgent("DRAIN_AGENT", agent.Id, """, "max_grace_period": {"nanoseconds": 1000000000}"""));

        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Killed && framework.Offers.Count == 0);
        Assert.Equal(1_000_000_000, agent.Events.Last(e => e.Type
            == AgentEventType.Kill).Kill!.KillPolicy!.GracePeriod!.Nanoseconds);
        await WaitAsync(async () => (await master.OperateAsync("""{"type": "GET_AGENTS"}""")).ToString()
            .Contains("DRAINED", StringComparison.Ordinal));
        await master.OperateAsync(OnAgent("REACTIVATE_AGENT", agent.Id));
        await framework.WaitAsync(() => framework.Offers.Count == 1);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_deactivated_agent_keeps_its_tasks_and_stays_so_over_a_restart_of_the_master()
    {
        var store = Guid.NewGuid().ToString("N");
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(store: store);
        await using var agent = await first.RegisteredAgentAsync();
        await first.OperateAsync(OnAgent("DEACTIVATE_AGENT", agent.Id));
        await first.DisposeAsync();
        await keep.LeadsAsync();
        await using var returned = new SimulatedAgent(keep.Client, agent.Info);
        await returned.RegisterAsync();
        Assert.False((await keep.GetAsync("/slaves")).GetProperty("slaves")[0].GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task An_agent_marked_as_gone_never_returns()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await master.OperateAsync(OnAgent("MARK_AGENT_GONE", agent.Id));

        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.GoneByOperator);
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.Reconcile,
            Reconcile = new ReconcileCall([new(new TaskId("t1"), agent.Id)]),
        });
        await framework.WaitAsync(() => framework.Updates("t1").Count(status => status.State == TaskState.GoneByOperator) == 2);
        Assert.Equal(AgentEventType.Shutdown, (await agent.RegisterAsync()).Type);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Weights_quotas_and_the_schedule_are_kept()
    {
        var store = Guid.NewGuid().ToString("N");
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(store: store);
        await first.OperateAsync(
            """{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "eng", "weight": 2.5}]}}""");
        await first.OperateAsync(
            """{"type": "UPDATE_QUOTA", "update_quota": {"force": true, "quota_configs": [{"role": "eng", "guarantees": {"cpus": {"value": 1.5}}, "limits": {"cpus": {"value": 3}}}]}}""");
        await first.OperateAsync(
            """{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": [{"machine_ids": [{"hostname": "127.0.0.2"}], "unavailability": {"start": {"nanoseconds": 4000000000000000000}, "duration": {"nanoseconds": 3600000000000}}}]}}}""");
        await first.DisposeAsync();
        await keep.LeadsAsync();

        Assert.Equal(2.5, (await keep.OperateAsync("""{"type": "GET_WEIGHTS"}""")).GetProperty("get_weights")
            .GetProperty("weight_infos")[0].GetProperty("weight").GetDouble());
        var quota = (await keep.OperateAsync("""{"type": "GET_QUOTA"}""")).GetProperty("get_quota").GetProperty("status")
            .GetProperty("configs")[0];
        Assert.Equal(1.5, quota.GetProperty("guarantees").GetProperty("cpus").GetProperty("value").GetDouble());
        Assert.Equal("127.0.0.2", (await keep.OperateAsync("""{"type": "GET_MAINTENANCE_SCHEDULE"}"""))
            .GetProperty("get_maintenance_schedule")
            .GetProperty("schedule").GetProperty("windows")[0].GetProperty("machine_ids")[0].GetProperty("hostname").GetString());
        Assert.Equal("127.0.0.2", (await keep.OperateAsync("""{"type": "GET_MAINTENANCE_STATUS"}"""))
            .GetProperty("get_maintenance_status")
            .GetProperty("status").GetProperty("draining_machines")[0].GetProperty("id").GetProperty("hostname").GetString());
    }

    [Fact]
    public async Task An_operator_reserves_what_is_free_and_gives_it_back()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4);
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync(4);
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1", cpus: 1));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running && framework.Offers.Count == 1);

        // The example of Mesos' reservation.md; the offer that holds what is asked for is rescinded.
        await master.OperateAsync(Call("RESERVE_RESOURCES", 2));
        await framework.WaitAsync(() => framework.Events.Any(e => e.Type == EventType.Rescind));
        await framework.WaitAsync(() => framework.Offers.Count == 1);
        Assert.Equal(1, framework.Offers.Sum(TestFramework.Cpus), 6);
        Assert.Equal(2, (await master.GetAsync("/slaves")).GetProperty("slaves")[0].GetProperty("reserved_resources")
            .GetProperty("engineering").GetProperty("cpus").GetDouble());
        Assert.Contains(agent.Events, e => e.Type == AgentEventType.Resources);
        await using var owner = await master.FrameworkAsync(TestFramework.PartitionAware("owner", 3600, "engineering") with
        {
            Capabilities = [new(FrameworkCapability.MultiRole), new(FrameworkCapability.ReservationRefinement)],
        });
        await owner.WaitAsync(() => owner.Offers.Sum(TestFramework.Cpus) >= 2);
        await master.VerifyAsync();

        Assert.Equal(HttpStatusCode.Conflict, await StatusAsync(Call("RESERVE_RESOURCES", 2)));
        Assert.Equal(HttpStatusCode.Conflict, await StatusAsync(Call("UNRESERVE_RESOURCES", 3)));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(Call("RESERVE_RESOURCES", 1, role: "*")));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(OnAgent("RESERVE_RESOURCES", agent.Id)));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Call("RESERVE_RESOURCES", 1)
            .Replace(agent.Id.Value, "another", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Accepted, await StatusAsync(Call("UNRESERVE_RESOURCES", 2)));
        Assert.Empty((await master.GetAsync("/slaves")).GetProperty("slaves")[0].GetProperty("reserved_resources")
            .EnumerateObject());
        await master.VerifyAsync();

        string Call(string type, double cpus, string role = "engineering") =>
            OnAgent(type, agent.Id,
                $$$""", "resources": [{"type": "SCALAR", "name": "cpus", "reservations": [{"type": "DYNAMIC", "role": "{{{role}}}"}], "scalar": {"value": {{{cpus}}}}}]""");

        async Task<HttpStatusCode> StatusAsync(string call)
        {
            using var content = new StringContent(call, Encoding.UTF8, "application/json");
            return (await master.Client.PostAsync("/api/v1", content)).StatusCode;
        }
    }

    /// <summary>All the calls of Mesos' master.proto: each is carried out, or answers 501 with its name.</summary>
    [Theory]
    [InlineData(
        "GET_HEALTH GET_FLAGS GET_VERSION GET_METRICS GET_STATE GET_AGENTS GET_FRAMEWORKS GET_EXECUTORS GET_OPERATIONS GET_TASKS GET_ROLES "
        + "GET_WEIGHTS GET_MASTER GET_MAINTENANCE_STATUS GET_MAINTENANCE_SCHEDULE GET_QUOTA", 200)]
    [InlineData(
        "UPDATE_WEIGHTS RESERVE_RESOURCES UNRESERVE_RESOURCES UPDATE_MAINTENANCE_SCHEDULE UPDATE_QUOTA TEARDOWN MARK_AGENT_GONE DRAIN_AGENT "
        + "SET_QUOTA REMOVE_QUOTA DEACTIVATE_AGENT REACTIVATE_AGENT", 400)]
    [InlineData(
        "GET_LOGGING_LEVEL SET_LOGGING_LEVEL LIST_FILES READ_FILE CREATE_VOLUMES DESTROY_VOLUMES GROW_VOLUME SHRINK_VOLUME START_MAINTENANCE "
        + "STOP_MAINTENANCE NOT_EVEN_MESOS_OWN", 501)]
    public async Task Every_call_of_mesos_has_its_answer(string types, int status)
    {
        await using var master = await MasterUnderTest.StartAsync();
        foreach (var type in types.Split(' '))
        {
            using var content = new StringContent($$"""{"type": "{{type}}"}""", Encoding.UTF8, "application/json");
            using var answer = await master.Client.PostAsync("/api/v1", content);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True((int)answer.StatusCode == status, $"{type}: {(int)answer.StatusCode} {text}");
            Assert.Contains(status == 400 ? type.ToLowerInvariant() : type, text, StringComparison.Ordinal);
            if (status == 200)
                Assert.True(JsonDocument.Parse(text).RootElement.TryGetProperty(type.ToLowerInvariant(), out _), text);
        }
    }

    [Theory]
    [InlineData("/machine/down")]
    [InlineData("/master/unreserve")]
    [InlineData("/master/create-volumes")]
    [InlineData("/reserve")]
    [InlineData("/api/v1/executor")]
    public async Task An_endpoint_of_mesos_that_is_not_here_says_so(string path)
    {
        await using var master = await MasterUnderTest.StartAsync();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var request = new HttpRequestMessage(method, path);
            using var answer = await master.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
            Assert.Contains(path, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_framework_is_torn_down_by_a_form()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await TeardownAsync("other", "x"));
        const string Parts = "multipart/form-data";
        foreach (var type in (string[])[Parts, Parts + "; boundary=", Parts + "; boundary=b"])
        {
            using var broken = new ByteArrayContent("frameworkId=x"u8.ToArray());
            broken.Headers.TryAddWithoutValidation("Content-Type", type);
            Assert.Equal(HttpStatusCode.BadRequest, (await master.Client.PostAsync("/master/teardown", broken)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, await TeardownAsync("frameworkId", "x"));
        Assert.Equal(HttpStatusCode.OK, await TeardownAsync("frameworkId", framework.Id.Value));
        await framework.WaitAsync(() => !framework.IsConnected);

        async Task<HttpStatusCode> TeardownAsync(string name, string value)
        {
            using var form = new FormUrlEncodedContent([new(name, value)]);
            return (await master.Client.PostAsync("/master/teardown", form)).StatusCode;
        }
    }

    [Fact]
    public async Task A_limit_holds_and_a_machine_in_maintenance_is_not_offered()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4);
        await master.OperateAsync(
            """{"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [{"role": "eng", "limits": {"cpus": {"value": 1.5}}}]}}""");
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("eng", 3600, "eng/web"));
        var offer = await framework.OfferAsync();
        Assert.Equal(1.5, TestFramework.Cpus(offer), 6);
        Assert.Null(offer.Unavailability);
        await framework.DeclineAsync(offer, 0);

        var start = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds() * 1_000_000;
        await master.OperateAsync(Window(start));
        await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
        await framework.WaitAsync(() => framework.Offers.Any(o => o.Unavailability?.Start.Nanoseconds == start));
        await master.OperateAsync(Window(start - 3_600_000_000_001));
        await framework.WaitAsync(() => framework.Offers.Count == 0);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
        await master.VerifyAsync();
        Assert.Empty(framework.Offers);
        await master.OperateAsync("""{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {}}}""");
        await framework.WaitAsync(() => framework.Offers.Count == 1);

        static string Window(long start) =>
            $$$$"""{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": [{"machine_ids": [{"hostname": "127.0.0.2"}], "unavailability": {"start": {"nanoseconds": {{{{start}}}}}}}]}}}""";
    }

    [Fact]
    public async Task A_subscribed_operator_sees_the_state_and_then_each_change()
    {
        await using var master = await MasterUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1")
        {
            Content = new StringContent("""{"type": "SUBSCRIBE"}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        await using var events = RecordIo.ReadAsync(stream, ElementJson.Default.JsonElement).GetAsyncEnumerator();
        Assert.Equal("SUBSCRIBED", await NextAsync());
        Assert.True(events.Current.GetProperty("subscribed").GetProperty("get_state").TryGetProperty("get_agents", out _));
        Assert.Equal("HEARTBEAT", await NextAsync());

        await using var agent = await master.RegisteredAgentAsync();
        Assert.Equal("AGENT_ADDED", await NextAsync());
        Assert.Equal(agent.Id.Value, events.Current.GetProperty("agent_added").GetProperty("agent").GetProperty("agent_info")
            .GetProperty("id").GetProperty("value").GetString());
        await using var framework = await master.FrameworkAsync();
        Assert.Equal("FRAMEWORK_ADDED", await NextAsync());
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        Assert.Equal("TASK_ADDED", await NextAsync());
        Assert.Equal("t1", events.Current.GetProperty("task_added").GetProperty("task").GetProperty("task_id")
            .GetProperty("value").GetString());
        Assert.Equal("TASK_UPDATED", await NextAsync());
        Assert.Equal("TASK_RUNNING", events.Current.GetProperty("task_updated").GetProperty("state").GetString());
        await framework.CallAsync(new SchedulerCall { Type = CallType.Teardown });
        Assert.Equal("FRAMEWORK_REMOVED", await NextAsync());
        Assert.Equal("TASK_UPDATED", await NextAsync());
        await agent.CallAsync(new AgentCall { Type = AgentCallType.Unregister });
        Assert.Equal("AGENT_REMOVED", await NextAsync());

        async Task<string> NextAsync()
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
            return events.Current.GetProperty("type").GetString()!;
        }
    }

    private static string OnAgent(string call, AgentId id, string more = "") =>
        "{\"type\": \"" + call + "\", \"" + call.ToLowerInvariant() + "\": {\"agent_id\": {\"value\": \"" + id.Value + "\"}"
        + more + "}}";

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition()) await Task.Delay(20, limit.Token);
    }
}
