using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>
/// A framework written from Mesos' scheduler-http-api.md alone: the document's calls as text, with its ids filled in, and its
/// events as plain JSON. It knows none of this stack's types.
/// </summary>
public sealed class ConformanceTests
{
    private const string Launch = """
        {
          "framework_id": {"value": "FRAMEWORK"},
          "type": "ACCEPT",
          "accept": {
            "offer_ids": [{"value": "OFFER"}],
            "operations": [{
              "type": "LAUNCH",
              "launch": {
                "task_infos": [{
                  "name": "My Task",
                  "task_id": {"value": "TASK"},
                  "agent_id": {"value": "AGENT"},
                  "command": {"shell": true, "value": "sleep 30"},
                  "resources": [
                    {"allocation_info": {"role": "engineering"}, "name": "cpus", "role": "*", "type": "SCALAR", "scalar": {"value": 1.0}},
                    {"allocation_info": {"role": "engineering"}, "name": "mem", "role": "*", "type": "SCALAR", "scalar": {"value": 128.0}}
                  ],
                  "limits": {"cpus": {"value": 1.0}}
                }]
              }
            }],
            "filters": {"refuse_seconds": 5.0}
          }
        }
        """;

    [Fact]
    public async Task A_framework_written_from_the_document_runs_unchanged()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var events = await RawEvents.SubscribeAsync(master, """
            {
              "type": "SUBSCRIBE",
              "subscribe": {
                "framework_info": {
                  "user": "foo",
                  "name": "Example HTTP Framework",
                  "roles": ["engineering"],
                  "capabilities": [{"type": "MULTI_ROLE"}]
                },
                "force": true
              }
            }
            """);

        var subscribed = await events.NextAsync("SUBSCRIBED");
        var framework = subscribed.GetProperty("framework_id").GetProperty("value").GetString()!;
        Assert.Equal(15, subscribed.GetProperty("heartbeat_interval_seconds").GetDouble());
        Assert.Equal("""{"type":"HEARTBEAT"}""", (await events.NextRecordAsync()).ToString());
        var offer = (await events.NextAsync("OFFERS")).GetProperty("offers")[0];
        Assert.Equal(framework, offer.GetProperty("framework_id").GetProperty("value").GetString());
        Assert.Equal("127.0.0.2", offer.GetProperty("hostname").GetString());
        Assert.Equal("engineering", offer.GetProperty("allocation_info").GetProperty("role").GetString());
        var cpus = offer.GetProperty("resources").EnumerateArray()
            .Single(resource => resource.GetProperty("name").GetString() == "cpus");
        Assert.Equal(("SCALAR", 4.0), (cpus.GetProperty("type").GetString(), cpus.GetProperty("scalar").GetProperty("value")
            .GetDouble()));
        var ids = new Dictionary<string, string>
        {
            ["FRAMEWORK"] = framework,
            ["OFFER"] = offer.GetProperty("id").GetProperty("value").GetString()!,
            ["AGENT"] = offer.GetProperty("agent_id").GetProperty("value").GetString()!,
            ["TASK"] = "12220-3440-12532-my-task",
        };

        await CallAsync(Launch);
        var update = (await events.NextAsync("UPDATE")).GetProperty("status");
        Assert.Equal("TASK_RUNNING", update.GetProperty("state").GetString());
        Assert.Equal("SOURCE_EXECUTOR", update.GetProperty("source").GetString());
        Assert.Equal(ids["AGENT"], update.GetProperty("agent_id").GetProperty("value").GetString());
        ids["UUID"] = update.GetProperty("uuid").GetString()!;
        Assert.Equal(16, Convert.FromBase64String(ids["UUID"]).Length);
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "ACKNOWLEDGE",
              "acknowledge": {"agent_id": {"value": "AGENT"}, "task_id": {"value": "TASK"}, "uuid": "UUID"}
            }
            """);
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "RECONCILE",
              "reconcile": {"tasks": [{"task_id": {"value": "TASK"}, "agent_id": {"value": "AGENT"}}, {"task_id": {"value": "312325"}}]}
            }
            """);
        update = (await events.NextAsync("UPDATE")).GetProperty("status");
        Assert.Equal("TASK_RUNNING", update.GetProperty("state").GetString());
        Assert.Equal("REASON_RECONCILIATION", update.GetProperty("reason").GetString());
        Assert.False(update.TryGetProperty("uuid", out _));
        Assert.Equal("TASK_LOST", (await events.NextAsync("UPDATE")).GetProperty("status").GetProperty("state").GetString());

        // The rest was refused for 5 s; all filters go with REVIVE.
        await CallAsync("""{"framework_id": {"value": "FRAMEWORK"}, "type": "REVIVE"}""");
        offer = (await events.NextAsync("OFFERS")).GetProperty("offers")[0];
        ids["OFFER"] = offer.GetProperty("id").GetProperty("value").GetString()!;
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "DECLINE",
              "decline": {"offer_ids": [{"value": "OFFER"}], "filters": {"refuse_seconds": 5.0}}
            }
            """);
        await CallAsync("""{"framework_id": {"value": "FRAMEWORK"}, "type": "SUPPRESS"}""");
        await CallAsync(
            """{"framework_id": {"value": "FRAMEWORK"}, "type": "REQUEST", "request": {"requests": [{"agent_id": {"value": "AGENT"}}]}}""");
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "MESSAGE",
              "message": {"agent_id": {"value": "AGENT"}, "executor_id": {"value": "my-framework-executor"}, "data": "adaf838jahd748jnaldf"}
            }
            """);
        await agent.CallAsync(new AgentCall
        {
            Type = AgentCallType.Message,
            Message = new AgentMessage(new FrameworkId(framework), new ExecutorId("my-framework-executor"),
                Convert.FromBase64String("adaf838jahd748jnaldf")),
        });
        Assert.Equal("adaf838jahd748jnaldf", (await events.NextAsync("MESSAGE")).GetProperty("data").GetString());
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "KILL",
              "kill": {"task_id": {"value": "TASK"}, "agent_id": {"value": "AGENT"}}
            }
            """);
        Assert.Equal("TASK_KILLED", (await events.NextAsync("UPDATE")).GetProperty("status").GetProperty("state").GetString());
        await CallAsync("""
            {
              "framework_id": {"value": "FRAMEWORK"},
              "type": "SHUTDOWN",
              "shutdown": {"executor_id": {"value": "123450-2340-1232-my-executor"}, "agent_id": {"value": "AGENT"}}
            }
            """);

        await CallAsync("""{"framework_id": {"value": "FRAMEWORK"}, "type": "REVIVE"}""");
        offer = (await events.NextAsync("OFFERS")).GetProperty("offers")[0];
        await agent.CallAsync(new AgentCall { Type = AgentCallType.Unregister });
        var rescinded = (await events.NextAsync("RESCIND")).GetProperty("offer_id").GetProperty("value").GetString();
        Assert.Equal(offer.GetProperty("id").GetProperty("value").GetString(), rescinded);
        Assert.Equal(ids["AGENT"], (await events.NextAsync("FAILURE")).GetProperty("agent_id").GetProperty("value").GetString());

        await using var second = await RawEvents.SubscribeAsync(master, $$"""
            {
              "type": "SUBSCRIBE",
              "framework_id": {"value": "{{framework}}" },
              "subscribe": {
                "framework_info": {
                  "id": {"value": "{{framework}}" }, "user": "foo", "name": "Example HTTP Framework", "roles": ["engineering"],
                  "capabilities": [{"type": "MULTI_ROLE"}]
                }
              }
            }
            """);
        Assert.Equal(framework, (await second.NextAsync("SUBSCRIBED")).GetProperty("framework_id").GetProperty("value")
            .GetString());
        Assert.Equal("Framework failed over", (await events.NextAsync("ERROR")).GetProperty("message").GetString());
        await CallAsync("""{"framework_id": {"value": "FRAMEWORK"}, "type": "TEARDOWN"}""", second);
        Assert.Equal(HttpStatusCode.BadRequest,
            await StatusAsync("""{"framework_id": {"value": "FRAMEWORK"}, "type": "REVIVE"}""", second));

        async Task CallAsync(string call, RawEvents? of = null) =>
            Assert.Equal(HttpStatusCode.Accepted, await StatusAsync(call, of ?? events));

        async Task<HttpStatusCode> StatusAsync(string call, RawEvents of)
        {
            foreach (var (name, value) in ids) call = call.Replace($"\"{name}\"", $"\"{value}\"", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler")
            {
                Content = new StringContent(call, Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("Mesos-Stream-Id", of.StreamId);
            using var answer = await master.Client.SendAsync(request);
            return answer.StatusCode;
        }
    }
}
