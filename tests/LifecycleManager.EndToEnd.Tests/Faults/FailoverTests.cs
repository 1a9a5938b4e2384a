using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>Schedulers and managers that stand by for each other, on each of the states that several can share.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private const string Policy = """
        policy: few
        app: /few
        instances: { min: 1, max: 5 }
        rules:
          - rule: never fewer than three
            when: instances < 3
            then: { add: 1 }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-failover-").FullName;
    private readonly List<LcmNode> _nodes = [];
    private readonly HttpClient _http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private ServerProcess? _server;
    private LcmNode? _leading;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_leading is not null)
            {
                using var client = new HttpClient { BaseAddress = _leading.Address, Timeout = TimeSpan.FromSeconds(30) };
                await Tasks.EndAsync(MarathonApi.For(client), _http, _nodes[0].Address, Describe);
            }
        }
        finally
        {
            await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
            if (_server is not null) await _server.DisposeAsync();
            _http.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("PostgreSQL")]
    [InlineData("ZooKeeper")]
    public async Task A_standby_takes_over_from_a_killed_leader_and_finishes_what_it_began(string store)
    {
        var state = await StateAsync(store);
        var rules = Directory.CreateDirectory(Path.Combine(_directory, "rules")).FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "few.yml"), Policy);
        var master = Start("master");
        Start("agent", "--master", $"{master.Address}", "--docker", "unix:///nowhere/docker.sock", "--resources",
            "cpus:16;mem:8192;ports:[31000-31999]");
        var first = Start("scheduler", "--master", $"{master.Address}", "--state", state);
        await Eventually.TrueAsync(async () => await LeaderAsync(first) == first.Address.Authority, "the first scheduler's lead",
            more: Describe);
        var second = Start("scheduler", "--master", $"{master.Address}", "--state", state);

        // The standby says who leads, and passes everything on.
        await Eventually.TrueAsync(async () => await LeaderAsync(second) == first.Address.Authority,
            "the standby's word on who leads", more: Describe);
        await SendAsync(HttpMethod.Put, second, "/v2/apps/roll", Sleeper(4));
        await Eventually.TrueAsync(async () => (await TasksAsync(second, "/roll")).Count == 4
            && await GetAsync(second, "/v2/deployments") is JsonArray { Count: 0 }, "4 instances", more: Describe);
        var before = await TasksAsync(first, "/roll");

        // The leader dies with a deployment under way: it was answered for, so it is carried out.
        var change = await SendAsync(HttpMethod.Put, second, "/v2/apps/roll", Sleeper(12));
        var node = first.Node();
        await node.KillAsync();
        await Eventually.TrueAsync(async () => await LeaderAsync(second) == second.Address.Authority, "the standby's lead",
            more: Describe);
        _leading = second;
        Assert.False(string.IsNullOrEmpty((string?)change["deploymentId"]));
        await Eventually.TrueAsync(
            async () => (await TasksAsync(second, "/roll")).Count == 12
            && await GetAsync(second, "/v2/deployments") is JsonArray { Count: 0 },
            "the rest of the deployment", more: Describe);
        Assert.Superset(before, await TasksAsync(second, "/roll"));

        // Back again, it stands by and passes on.
        await node.ReturnAsync();
        await Eventually.TrueAsync(async () => await LeaderAsync(first) == second.Address.Authority,
            "the former leader's standing by", more: Describe);
        Assert.Equal(12, (await TasksAsync(first, "/roll")).Count);

        await ManagersAsync(second, state, rules);
    }

    private async Task ManagersAsync(LcmNode scheduler, string state, string rules)
    {
        LcmNode StartManager() => Start(
            "manager", "--scheduler", $"{scheduler.Address}", "--state", state, "--rules", rules, "--tick", "500ms",
            "--scrape-interval", "500ms");
        await SendAsync(HttpMethod.Put, scheduler, "/v2/apps/few", Sleeper(1));
        var first = StartManager();
        await Eventually.TrueAsync(async () => (await TasksAsync(scheduler, "/few")).Count == 3,
            "3 instances by the first manager", more: Describe);
        var second = StartManager();
        await Eventually.TrueAsync(async () => new Uri(await LeadingManagerAsync(second)).Authority == first.Address.Authority,
            "the standby's word on who leads", more: Describe);
        await first.Node().KillAsync();
        await SendAsync(HttpMethod.Put, scheduler, "/v2/apps/few?force=true", new JsonObject { ["instances"] = 1 },
            owner: "none");
        await Eventually.TrueAsync(async () => (await TasksAsync(scheduler, "/few")).Count == 3
            && await CountAsync(scheduler, "/few") == 3,
            "3 instances by the second manager", more: Describe);

        // It has the first one's decisions too.
        var decisions = (await GetAsync(second, "/v1/decisions?app=/few"))!.ToJsonString();
        Assert.Contains("never fewer than three", decisions, StringComparison.Ordinal);
    }

    private async Task<string> StateAsync(string store)
    {
        if (store == "PostgreSQL")
        {
            var postgres = await new PostgresProcess().CreateAsync();
            _server = postgres;
            await postgres.StartAsync();
            return postgres.StateAddress("lcm");
        }

        var zooKeeper = new ZooKeeperProcess();
        _server = zooKeeper;
        await zooKeeper.StartAsync();
        return $"zk://127.0.0.1:{zooKeeper.Port}/lcm";
    }

    private LcmNode Start(string role, params string[] more)
    {
        var port = Server.FreePort();
        var node = new LcmNode(_directory, port,
        [
            role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir",
            Path.Combine(_directory, $"{role}-{_nodes.Count}"), .. more,
        ]);
        _nodes.Add(node);
        return node;
    }

    private async Task<string?> LeaderAsync(LcmNode scheduler) => (string?)(await GetAsync(scheduler, "/v2/leader"))?["leader"];

    /// <summary>Whom a manager that does not lead names; empty of one that leads.</summary>
    private async Task<string> LeadingManagerAsync(LcmNode manager)
    {
        using var answer = await _http.GetAsync(new Uri(manager.Address, "/v1/decisions"));
        return answer.Headers.TryGetValues("Lcm-Leader", out var values) && values.First() is not "none" and var leader
            ? leader : "http://nobody";
    }

    private async Task<SortedSet<string>> TasksAsync(LcmNode scheduler, string app) => new(
        (await GetAsync(scheduler, "/v2/tasks"))?["tasks"]?.AsArray()
            .Where(task => (string?)task!["appId"] == app && (string?)task["state"] == "TASK_RUNNING")
            .Select(task => (string)task!["id"]!) ?? [],
        StringComparer.Ordinal);

    private async Task<int> CountAsync(LcmNode scheduler, string app) =>
        (int)(await GetAsync(scheduler, "/v2/apps" + app))!["app"]!["instances"]!;

    /// <summary>An answer; null while nobody leads.</summary>
    private async Task<JsonNode?> GetAsync(LcmNode node, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri(node.Address, path))
        { Headers = { { "Accept", "application/json" } } };
        using var answer = await _http.SendAsync(request);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync()) : null;
    }

    /// <summary>
    /// An answer of whoever leads. Between two leaders, which a machine that stalls may have at any time, it waits for one.
    /// </summary>
    private Task<JsonNode> SendAsync(HttpMethod method, LcmNode node, string path, JsonObject body, string? owner = null) =>
        Eventually.GetAsync(async () =>
    {
        using var request = new HttpRequestMessage(method, new Uri(node.Address, path))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        if (owner is not null) request.Headers.Add(IMarathonApi.CountOwnerHeader, owner);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if ((int)answer.StatusCode is 502 or 503) return null;
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text);
    }, $"an answer to {method} {path}", more: Describe);

    private static JsonObject Sleeper(int instances) => new()
    {
        ["cmd"] = "exec sleep 100000",
        ["cpus"] = 0.01,
        ["mem"] = 16,
        ["instances"] = instances,
    };

    private string Describe() => string.Join("\n\n", _nodes.Select(node => $"=== {node.Address}\n{node.Output}"));
}
