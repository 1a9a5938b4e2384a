using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>
/// The requests of clients of other makes, as they were recorded, one client after the other on a cluster of its own: each is
/// answered so that the client goes on.
/// </summary>
public sealed class ClientReplayTests
{
    /// <summary>What was recorded of an earlier version that did not let the client go on, and is answered so now.</summary>
    private static readonly Dictionary<string, int> Mended = new()
    {
        ["go-marathon-13"] = 200,
        ["go-marathon-14"] = 200,
        ["go-marathon-16"] = 200,
        ["go-marathon-17"] = 200,
        ["marathon-python-11"] = 200,
        ["dcoscli-32"] = 200,
    };

    /// <summary>
    /// Fields that an earlier version showed and a client's model has not; and what is there of a refused update alone.
    /// </summary>
    private static readonly string[] Dropped = ["enforceRole", "withOutdatedConfig"];

    [Theory]
    [InlineData("go-marathon", 63)]
    [InlineData("marathon-python", 46)]
    [InlineData("dcoscli", 35)]
    [InlineData("marathon-deploy", 10)]
    [InlineData("prometheus", 1)]
    [InlineData("traefik", 2)]
    public async Task A_client_goes_on_after_each_of_its_requests(string client, int count)
    {
        await using var instances = await CheckedInstances.StartAsync(24);
        await using var master = await FakeMaster.StartAsync();
        master.WithAgent("a1", ports: instances.Ports);
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address);
        if (client is "prometheus" or "traefik")
            (await scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","cpus":0.1,"healthChecks":[{}]}""")).Is(201);
        var recorded = new RecordedCalls(client);
        var answered = 0;
        foreach (var call in recorded.Calls)
        {
            var id = (string)call["id"]!;
            await SettledAsync(scheduler);

            // What waits is looked at once an offer has been refused.
            if ((string?)call["request"]!["path"] == "/v2/queue")
                await Eventually.TrueAsync(() => scheduler.Service.Snapshot.Queue.All(item => item.LastRefused.Count > 0));
            using var request = recorded.Request(call);
            using var answer = await scheduler.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var isStream = answer.Content.Headers.ContentType?.MediaType == "text/event-stream";
            var text = isStream ? "" : await answer.Content.ReadAsStringAsync();
            var wanted = Mended.GetValueOrDefault(id, (int)call["response"]!["status"]!);
            Assert.True((int)answer.StatusCode == wanted, $"{id} {call["call"]}: {(int)answer.StatusCode}, not {wanted}: {text}");
            var missing = wanted >= 400 || isStream || Mended.ContainsKey(id) ? [] : recorded.Missing(call, answer, text)
                .Where(path => !Dropped.Any(name => path.EndsWith("/" + name, StringComparison.Ordinal)));
            Assert.True(!missing.Any(), $"{id} {call["call"]} lacks {string.Join(", ", missing)}: {text}");
            answered++;
        }

        Assert.Equal(count, answered);
    }

    [Fact]
    public async Task What_clients_read_of_a_server_is_there()
    {
        await using var scheduler = await SchedulerUnderTest.StartAsync();
        (string, string)[] asksForJson = [("Accept", "application/json")];

        // marathon-deploy, marathon-python.
        Assert.Equal("\"pong\"", (await scheduler.GetAsync("/ping", asksForJson)).Is(200).Text);
        var info = (await scheduler.GetAsync("/v2/info", asksForJson)).Is(200).Json;
        foreach (var field in new[] { "zk", "zk_timeout", "zk_connection_timeout", "zk_session_timeout", "zk_max_versions" })
            Assert.NotNull(info["zookeeper_config"]![field]);
        foreach (var field in new[]
        {
            "master", "failover_timeout", "framework_name", "ha", "checkpoint", "local_port_min", "local_port_max", "executor",
            "hostname", "webui_url", "mesos_role", "task_launch_timeout", "task_reservation_timeout",
            "reconciliation_initial_delay", "reconciliation_interval", "leader_proxy_connection_timeout_ms",
            "leader_proxy_read_timeout_ms", "features",
        })
        {
            Assert.NotNull(info["marathon_config"]![field]);
        }

        Assert.Equal(scheduler.Url.Port, (int)info["http_config"]!["http_port"]!);
        Assert.Equal(0, (int)info["http_config"]!["https_port"]!);

        // Models of groups of clients before 1.9 have no more fields than these.
        (await scheduler.PutAsync("/v2/groups/g", """{"apps":[{"id":"a","cmd":"x","instances":0}]}""")).Is(200);
        var group = (await scheduler.GetAsync("/v2/groups/g")).Is(200).Json.AsObject();
        Assert.Equal(["id", "apps", "groups", "pods", "dependencies", "version"], group.Select(field => field.Key));
    }

    /// <summary>Clients wait for what they have asked for, but for what finds no room.</summary>
    private static Task SettledAsync(SchedulerUnderTest scheduler) => Eventually.TrueAsync(
        () => scheduler.Service.Snapshot is { Framework: { FrameworkId: not null, Master: not null } } now
            && now.Deployments.All(deployment =>
            deployment.AffectedApps.All(app => app.Path.EndsWith("/big", StringComparison.Ordinal)))
            && now.Apps.Values.All(app => app.Definition.Id.Path.EndsWith("/big", StringComparison.Ordinal)
                || app.Running >= app.Definition.Instances),
        "nothing is under way", more: () => string.Join(' ', scheduler.Service.Snapshot.Apps.Values.Select(app =>
            $"{app.Definition.Id} {app.Running}/{app.Definition.Instances}")));
}
