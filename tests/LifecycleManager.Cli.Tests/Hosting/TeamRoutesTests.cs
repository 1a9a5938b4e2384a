using System.Net;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// What a team's secret is let in to, by route, on all roles as they run: a route that is new is the cluster's, which refuses it,
/// until it is listed here with the test that holds it to what it may show and do.
/// </summary>
public sealed class TeamRoutesTests : IDisposable
{
    private static readonly Principals Known = Principals.Parse("""
        {"schedulers": ["*"], "credentials": [
          {"principal": "team", "secret": "t", "groups": {"/none/**": ["view", "logs", "files", "scale", "deploy", "exec"]}},
          {"principal": "viewer", "secret": "v", "permissions": ["view"]},
          {"principal": "over", "secret": "o", "permissions": ["operate"], "until": "2020-01-01T00:00:00Z"}
        ]}
        """);

    /// <summary>
    /// Held to what may be seen and done by the TeamsTests of Scheduler.Tests, Agent.Tests and Manager.Tests, the pages by those
    /// of what they read.
    /// </summary>
    private static readonly Dictionary<string, string[]> ByApp = new()
    {
        ["master"] = [],
        ["agent"] =
        [
            "/state", "/state.json", "/containers", "/monitor/statistics", "/monitor/statistics.json", "/files/browse",
            "/files/browse.json", "/files/read", "/files/read.json", "/files/download", "/files/download.json", "/files/tail",
            "/api/v1",
        ],
        ["scheduler"] =
        [
            "/v2/apps/x", "/v2/groups/x", "/v2/deployments/x", "/v2/tasks/x", "/v2/queue/x", "/v2/rebalance", "/v2/events",
            "/v2/pods/x", "/v2/pods::status", "/v2/leader", "/v2/info", "/v2/plugins", "/v2/x", "/ui", "/ui/apps",
            "/ui/apps/x", "/ui/decisions", "/ui/deployments", "/ui/queue", "/ui/agents", "/ui/policies", "/ui/pods", "/ui/x",
            "/ui/download/x/x", "/ui/agents/x", "/ui/charts/x", "/ui/files/x", "/ui/logs/x", "/ui/terminal/x", "/ui/cluster",
            "/ui/new/x", "/ui/edit/x/x", "/ui/policies/new", "/ui/policies/files/x", "/ui/pods/x", "/ui/rebalance",
            "/ui/schedules/x", "/ui/schedules", "/ui/sizes", "/ui/groups", "/ui/groups/x",
            "/_framework/opaque-redirect", "/_blazor", "/_blazor/negotiate", "/_blazor/disconnect", "/_blazor/initializers",
        ],
        ["manager"] =
        [
            "/v1/apps", "/v1/apps/x", "/v1/decisions", "/v1/decisions/stream", "/v1/decisions/x", "/v1/history", "/v1/overrides",
            "/v1/pauses", "/v1/pause", "/v1/resume", "/v1/policies", "/v1/recommendations",
        ],
    };

    /// <summary>Show nothing of any app, to every known caller.</summary>
    private static readonly Dictionary<string, string[]> OfAnyApp = new()
    {
        ["master"] = ["/slaves", "/master/slaves", "/openapi.json", "/openapi/master.json"],
        ["agent"] = ["/openapi.json", "/openapi/agent.json"],
        ["scheduler"] =
        [
            "/", "/ui/assets/console.css", "/ui/assets/console.js", "/ui/assets/MudBlazor.min.css", "/ui/assets/MudBlazor.min.js",
            "/ui/assets/blazor.web.js", "/ui/assets/editor.js", "/openapi", "/openapi/x.json", "/docs", "/docs/start.js",
        ],
        ["manager"] = ["GET /v1/stop", "/openapi.json", "/openapi/manager.json", "/docs", "/docs/start.js"],
    };

    /// <summary>For callers whom nobody knows.</summary>
    private static readonly string[] Open =
        ["/ping", "/health", "/master/health", "/redirect", "/master/redirect", "/version"];

    /// <summary>Ask who calls, and go on by the roles and frameworks that he has.</summary>
    private static readonly string[] OfFrameworks = ["/api/v1/scheduler"];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-teams-").FullName;

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Every_route_is_the_clusters_or_listed(string role)
    {
        await using var running = await RunningRole.StartAsync(role, null, _directory, principals: Known);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        var strays = new List<string>();
        var (met, asked) = (new HashSet<string>(), 0);
        foreach (var (method, path) in running.Routes)
        {
            if (method is "OPTIONS" or "HEAD") continue;
            var bare = role == "agent" && path.StartsWith("/slave(1)", StringComparison.Ordinal) ? path[9..] : path;
            met.UnionWith([bare, $"{method} {bare}"]);
            var (isByApp, isOfAny) = (ByApp[role].Contains(bare),
                OfAnyApp[role].Contains(bare) || OfAnyApp[role].Contains($"{method} {bare}")
                || bare.StartsWith("/docs/", StringComparison.Ordinal)
                || bare.StartsWith("/ui/assets/monaco/", StringComparison.Ordinal));
            var status = await StatusAsync(method, path, "team");
            asked++;

            // What the metadata says is what is listed; the master's routes are asked by their handlers.
            if (role != "master")
            {
                var callers = running.Access[$"{method} {path}"]?.Callers ?? OtherCallers.None;
                if ((callers == OtherCallers.ByApp, callers == OtherCallers.OfAnyApp) != (isByApp, isOfAny))
                    strays.Add($"{method} {path} says {callers}");
            }

            if (Open.Contains(bare)) continue;
            if (await StatusAsync(method, path, null) != HttpStatusCode.Unauthorized)
                strays.Add($"{method} {path} is for everybody");
            if (await StatusAsync(method, path, "over") != HttpStatusCode.Unauthorized)
                strays.Add($"{method} {path} takes a secret that has ended");
            if (isByApp || isOfAny || OfFrameworks.Contains(bare)) continue;
            var isMissing = status == HttpStatusCode.NotImplemented;
            if (status != HttpStatusCode.Forbidden && !isMissing && !await IsRefusedWithReasonAsync(method, path, status))
                strays.Add($"{method} {path}: {status}");
        }

        Assert.True(asked > 5);
        Assert.True(strays.Count == 0, string.Join("\n", strays));
        Assert.Empty(ByApp[role].Concat(OfAnyApp[role]).Except(met));

        async Task<HttpStatusCode> StatusAsync(string method, string path, string? who)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(running.Address, path));
            if (who is not null) request.Headers.Authorization = new Credential(who, who[..1]).Header;
            if (method is not "GET") request.Content = new StringContent("{}", null, "application/json");
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            return answer.StatusCode;
        }

        // The master's operator API reads the call to know what it needs.
        async Task<bool> IsRefusedWithReasonAsync(string method, string path, HttpStatusCode status)
        {
            if ((role, path, status) is not ("master", "/api/v1", HttpStatusCode.Forbidden or HttpStatusCode.BadRequest))
                return false;
            foreach (var type in (string[])["GET_STATE", "GET_TASKS", "GET_AGENTS", "SUBSCRIBE", "TEARDOWN", "DRAIN_AGENT"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(running.Address, path))
                {
                    Headers = { Authorization = new Credential("team", "t").Header },
                    Content = new StringContent($$"""{"type": "{{type}}"}""", null, "application/json"),
                };
                using var answer = await http.SendAsync(request);
                if (answer.StatusCode != HttpStatusCode.Forbidden) return false;
            }

            return true;
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Metrics_and_the_reasons_of_health_are_for_who_may_see_all(string role)
    {
        await using var running = await RunningRole.StartAsync(role, null, _directory, principals: Known);
        using var http = new HttpClient();
        foreach (var (who, sees) in ((string?, bool)[])[(null, false), ("team", false), ("viewer", true)])
        {
            using var metrics = await AskAsync("/metrics", who);
            Assert.Equal(who is null ? HttpStatusCode.Unauthorized : sees ? HttpStatusCode.OK : HttpStatusCode.Forbidden,
                metrics.StatusCode);
            using var health = await AskAsync("/health", who);
            var text = await health.Content.ReadAsStringAsync();

            // Every one of these roles warns of the secret that has ended.
            Assert.Equal(sees, text.Contains("a secret of the principal 'over' has ended", StringComparison.Ordinal));
            Assert.Equal(!sees, text.Contains("who has the permission", StringComparison.Ordinal));
        }

        async Task<HttpResponseMessage> AskAsync(string path, string? who)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(running.Address, path));
            if (who is not null) request.Headers.Authorization = new Credential(who, who[..1]).Header;
            return await http.SendAsync(request);
        }
    }
}
