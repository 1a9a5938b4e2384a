using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>Calls with anything in any place: each is answered, and none ends the term.</summary>
public sealed class MalformedCallTests
{
    private const int Mutations = 400;

    [Fact]
    public async Task No_call_ends_the_term_whatever_is_in_it()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1), OfferTimeout = TimeSpan.FromMilliseconds(100) });
        await using var agent = await master.RegisteredAgentAsync(cpus: 1000, mem: 1_000_000);
        await using var framework = await master.FrameworkAsync();
        var term = await master.TermAsync();
        var random = new Random(11);
        var failed = new List<string>();
        for (var i = 0; i < Mutations; i++)
        {
            var (path, streamId, template) = await NextAsync(i, agent, framework);
            var call = JsonNode.Parse(template)!;
            Mutate(call, random);
            using var request = new HttpRequestMessage(HttpMethod.Post,
                path)
            { Content = new StringContent(call.ToJsonString(), Encoding.UTF8, "application/json") };
            if (streamId is not null) request.Headers.Add("Mesos-Stream-Id", streamId);
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            using var answer = await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if ((int)answer.StatusCode >= 500 && (int)answer.StatusCode != 501)
                failed.Add($"{(int)answer.StatusCode} {call.ToJsonString()}");
            if (await master.TermAsync() != term) Assert.Fail($"the term has ended by {call.ToJsonString()}");
            await master.VerifyAsync();

            // Whatever that did, the next have something to go on.
            if (!framework.IsConnected) await framework.SubscribeAsync();
            if (!agent.IsConnected) await agent.RegisterAsync();
        }

        Assert.Empty(failed);
    }

    private static async Task<(string Path, string? StreamId, string Call)> NextAsync(int i, SimulatedAgent agent,
        TestFramework framework)
    {
        const string Task = """
            {"name": "n", "task_id": {"value": "t$i"}, "agent_id": $agent, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
             {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}]}}],
             "command": {"value": "x", "environment": {"variables": [{"name": "A", "value": "b"}]}, "uris": [{"value": "http://x"}]},
             "container": {"type": "DOCKER", "docker": {"image": "i", "parameters": [{"key": "k", "value": "v"}]}, "volumes": [{"mode": "RW", "container_path": "/x"}]},
             "labels": {"labels": [{"key": "k", "value": "v"}]}, "kill_policy": {"grace_period": {"nanoseconds": 5}},
             "discovery": {"visibility": "EXTERNAL", "ports": {"ports": [{"number": 1, "name": "n"}]}}}
            """;
        const string Reserved =
            """{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, "reservations": [{"type": "DYNAMIC", "role": "*"}]}""";
        const string Decline =
            """{"type": "DECLINE", "framework_id": $f, "decline": {"offer_ids": [{"value": "$offer"}], "filters": {"refuse_seconds": 1}}}""";
        const string Accept =
            """{"type": "ACCEPT", "framework_id": $f, "accept": {"offer_ids": [{"value": "$offer"}], "operations": [$operation], "filters": {"refuse_seconds": 0}}}""";
        string Filled(string template) => template.Replace("$operation", Operation(i % 16), StringComparison.Ordinal)
            .Replace("$task", Task, StringComparison.Ordinal).Replace("$reserved", Reserved, StringComparison.Ordinal)
            .Replace("$f", $$"""{"value": "{{framework.Id.Value}}"}""", StringComparison.Ordinal)
            .Replace("$agent", $$"""{"value": "{{agent.Id.Value}}"}""", StringComparison.Ordinal)
            .Replace("$i", $"{i}", StringComparison.Ordinal);

        static string Operation(int which) => which switch
        {
            0 => """{"type": "LAUNCH", "launch": {"task_infos": [$task]}}""",
            1 => """{"type": "LAUNCH_GROUP", "launch_group": {"executor": {"type": "DEFAULT", "executor_id": {"value": "e$i"}, "framework_id": $f, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}]}, "task_group": {"tasks": [$task]}}}""",
            2 => """{"type": "RESERVE", "reserve": {"resources": [$reserved]}}""",
            _ => """{"type": "UNRESERVE", "unreserve": {"resources": [$reserved]}}""",
        };
        const string Framework = "/api/v1/scheduler", Operator = "/api/v1", Agent = "/api/v1/agent";
        var kind = i % 16;
        if (kind <= 4)
        {
            await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
            var id = (await framework.OfferAsync()).Id.Value;
            return (Framework, framework.StreamId, Filled(kind < 4 ? Accept : Decline)
                .Replace("$offer", id, StringComparison.Ordinal));
        }

        return kind switch
        {
            5 => (Framework, framework.StreamId,
                Filled("""{"type": "KILL", "framework_id": $f, "kill": {"task_id": {"value": "t0"}, "agent_id": $agent, "kill_policy": {"grace_period": {"nanoseconds": 1}}}}""")),
            6 => (Framework, framework.StreamId,
                Filled("""{"type": "RECONCILE", "framework_id": $f, "reconcile": {"tasks": [{"task_id": {"value": "t0"}, "agent_id": $agent}]}}""")),
            7 => (Framework, null,
                Filled("""{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u", "name": "n$i", "failover_timeout": 0, "roles": ["r"], "labels": {"labels": [{"key": "k"}]}, "capabilities": [{"type": "MULTI_ROLE"}]}, "suppressed_roles": ["r"]}}""")),
            8 => (Framework, framework.StreamId,
                Filled("""{"type": "ACKNOWLEDGE", "framework_id": $f, "acknowledge": {"agent_id": $agent, "task_id": {"value": "t0"}, "uuid": "AAAAAAAAAAAAAAAAAAAAAA=="}}""")),
            9 => (Agent, null, Filled("""
                {"type": "REGISTER", "register": {"agent_info": {"hostname": "h$i", "port": 1, "id": {"value": "x$i"}, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 4}}],
                 "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": "r"}}], "domain": {"fault_domain": {"region": {"name": "r"}, "zone": {"name": "z"}}}}, "version": "1",
                 "tasks": [{"framework_id": $f, "task": $task, "status": {"task_id": {"value": "t$i"}, "state": "TASK_RUNNING"} }], "frameworks": [{"user": "", "name": "n", "id": $f }], "features": ["process"]} }
                """)),
            10 => (Agent, agent.StreamId,
                Filled("""{"type": "UPDATE", "agent_id": $agent, "update": {"framework_id": $f, "status": {"task_id": {"value": "t0"}, "state": "TASK_RUNNING", "uuid": "AAAAAAAAAAAAAAAAAAAAAA==", "labels": {"labels": [{"key": "k"}]}, "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "1.2.3.4"}]}]}}, "latest_state": "TASK_RUNNING"} }""")),
            11 => (Agent, agent.StreamId,
                Filled("""{"type": "OVERSUBSCRIBE", "agent_id": $agent, "oversubscribe": {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}}""")),
            12 => (Operator, null,
                Filled("""{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "a", "weight": 2}]}}""")),
            13 => (Operator, null,
                Filled("""{"type": "UPDATE_QUOTA", "update_quota": {"force": true, "quota_configs": [{"role": "a", "limits": {"cpus": {"value": 2}}, "guarantees": {"cpus": {"value": 1}}}]}}""")),
            14 => (Operator, null,
                Filled("""{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": [{"machine_ids": [{"hostname": "h", "ip": "1.2.3.4"}], "unavailability": {"start": {"nanoseconds": 1}, "duration": {"nanoseconds": 1}}}]}}}""")),
            _ => (Operator, null,
                Filled("""{"type": "RESERVE_RESOURCES", "reserve_resources": {"agent_id": $agent, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, "reservations": [{"type": "DYNAMIC", "role": "a", "principal": "p"}]}]}}""")),
        };
    }

    /// <summary>Puts something else, or nothing, in one place below the call's own fields.</summary>
    private static void Mutate(JsonNode call, Random random)
    {
        var places = Places(call).Where(place => place.Depth > 1).ToList();
        var (parent, key, _) = places[random.Next(places.Count)];
        var which = random.Next(12);
        JsonNode? other = which switch
        {
            0 => "",
            1 => -1,
            2 => 1e300,
            3 => new JsonArray(),
            4 => new JsonObject(),
            5 => new JsonArray((JsonNode?)null),
            _ =>
                null,
        };
        if (parent is JsonObject fields && which > 8) fields.Remove((string)key);
        else if (parent is JsonObject) parent[(string)key] = other;
        else ((JsonArray)parent)[(int)key] = other;
    }

    private static IEnumerable<(JsonNode Parent, object Key, int Depth)> Places(JsonNode node, int depth = 0) => node switch
    {
        JsonObject fields => fields.ToList().SelectMany(field => Places(fields, field.Key, field.Value, depth)),
        JsonArray items => items.ToList().SelectMany((item, i) => Places(items, i, item, depth)),
        _ => [],
    };

    private static IEnumerable<(JsonNode Parent, object Key, int Depth)> Places(JsonNode parent, object key, JsonNode? child,
        int depth) =>
        Places(child ?? "", depth + 1).Prepend((parent, key, depth));
}
