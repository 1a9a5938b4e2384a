using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>
/// Teams with permissions on groups of apps, at the leader and through a scheduler that stands by. Of the team that asks, all is
/// below <c>/shop</c>; <c>/other</c> is another's.
/// </summary>
public sealed class TeamsTests : IAsyncLifetime
{
    private const string App = """{"cmd": "sleep 1", "cpus": 0.1, "mem": 16, "instances": 1}""";

    private readonly string _store = "memory:" + Guid.NewGuid();
    private SchedulerUnderTest _leader = null!;
    private SchedulerUnderTest _standby = null!;

    public static TheoryData<string, string, string?, int, int, int> Table => new()
    {
        // method, path, body: who may deploy below /shop; who may scale there; who may only see it
        { "GET", "/v2/apps/shop/web", null, 200, 200, 200 },
        { "GET", "/v2/apps/other/db", null, 404, 404, 404 },
        { "GET", "/v2/apps/other/none", null, 404, 404, 404 },
        { "GET", "/v2/apps/shop/web/versions", null, 200, 200, 200 },
        { "GET", "/v2/apps/other/db/versions", null, 404, 404, 404 },
        { "GET", "/v2/apps/shop/web/tasks", null, 200, 200, 200 },
        { "GET", "/v2/apps/other/db/tasks", null, 404, 404, 404 },
        { "GET", "/v2/apps/other/*", null, 404, 404, 404 },
        { "GET", "/v2/groups/shop", null, 200, 200, 200 },
        { "GET", "/v2/groups/other", null, 404, 404, 404 },
        { "GET", "/v2/groups/other/apps", null, 404, 404, 404 },
        { "GET", "/v2/groups/other/versions", null, 404, 404, 404 },
        { "GET", "/v2/pods/shop/pod", null, 200, 200, 200 },
        { "GET", "/v2/pods/shop/pod::status", null, 200, 200, 200 },
        { "GET", "/v2/pods/other/pod", null, 404, 404, 404 },
        { "GET", "/v2/pods/other/pod::status", null, 404, 404, 404 },
        { "GET", "/v2/pods/other/pod::versions", null, 404, 404, 404 },
        { "GET", "/v2/info", null, 200, 200, 200 },
        { "GET", "/v2/leader", null, 200, 200, 200 },
        { "GET", "/v2/plugins", null, 200, 200, 200 },
        { "GET", "/openapi/marathon.json", null, 200, 200, 200 },

        // The cluster's.
        { "DELETE", "/v2/leader", null, 403, 403, 403 },
        { "GET", "/v2/rebalance", null, 403, 403, 403 },
        { "POST", "/v2/rebalance", null, 403, 403, 403 },
        { "GET", "/metrics", null, 403, 403, 403 },

        // Counts.
        { "PATCH", "/v2/apps/shop/web", """{"instances": 2}""", 200, 200, 403 },
        { "PUT", "/v2/apps/shop/web", """{"instances": 2}""", 200, 200, 403 },
        { "PATCH", "/v2/apps/other/db", """{"instances": 2}""", 403, 403, 403 },
        { "PATCH", "/v2/apps/other/none", """{"instances": 2}""", 403, 403, 403 },
        { "PUT", "/v2/groups/shop", """{"scaleBy": 2}""", 200, 200, 403 },
        { "PUT", "/v2/groups/other", """{"scaleBy": 2}""", 403, 403, 403 },
        { "PUT", "/v2/groups", """{"scaleBy": 2}""", 403, 403, 403 },
        { "PATCH", "/v2/apps", """[{"id": "/shop/web", "instances": 2}]""", 200, 200, 403 },

        // Definitions.
        { "POST", "/v2/apps", """{"id": "/shop/new", "cmd": "x"}""", 201, 403, 403 },
        { "POST", "/v2/apps", """{"id": "/other/new", "cmd": "x"}""", 403, 403, 403 },
        { "POST", "/v2/apps", """{"id": "/other/db", "cmd": "x"}""", 403, 403, 403 },
        { "PATCH", "/v2/apps/shop/web", """{"cmd": "y"}""", 200, 403, 403 },
        { "PUT", "/v2/apps/shop/new", """{"cmd": "y"}""", 201, 403, 403 },
        { "PUT", "/v2/apps/other/db", """{"cmd": "y"}""", 403, 403, 403 },
        { "PUT", "/v2/apps", """[{"id": "/shop/new", "cmd": "x"}, {"id": "/shop/web", "cmd": "y"}]""", 200, 403, 403 },
        { "PUT", "/v2/apps", """[{"id": "/shop/new", "cmd": "x"}, {"id": "/other/db", "instances": 9}]""", 403, 403, 403 },
        { "PATCH", "/v2/apps", """[{"id": "/shop/web", "cmd": "y"}, {"id": "/other/db", "instances": 9}]""", 403, 403, 403 },
        { "DELETE", "/v2/apps/shop/web", null, 200, 403, 403 },
        { "DELETE", "/v2/apps/other/db", null, 403, 403, 403 },
        { "DELETE", "/v2/apps/other/none", null, 403, 403, 403 },
        { "POST", "/v2/apps/shop/web/restart", null, 200, 403, 403 },
        { "POST", "/v2/apps/other/db/restart", null, 403, 403, 403 },
        { "POST", "/v2/apps/other/none/restart", null, 403, 403, 403 },
        { "POST", "/v2/apps/other/db/blue-green", """{"cmd": "y"}""", 403, 403, 403 },
        { "POST", "/v2/apps/shop/web/blue-green?switch=odd", """{"cmd": "y"}""", 400, 403, 403 },
        { "POST", "/v2/groups", """{"id": "/shop/eu", "apps": [{"id": "a", "cmd": "x"}]}""", 201, 403, 403 },
        { "POST", "/v2/groups", """{"id": "/shop/empty"}""", 201, 403, 403 },
        { "POST", "/v2/groups", """{"id": "/others"}""", 403, 403, 403 },
        { "POST", "/v2/groups", """{"id": "/other"}""", 403, 403, 403 },
        { "POST", "/v2/groups/other", """{"id": "sub"}""", 403, 403, 403 },
        { "PUT", "/v2/groups", """{"apps": []}""", 200, 200, 200 },
        { "PUT", "/v2/groups", """{"groups": [{"id": "shop", "apps": []}]}""", 403, 403, 403 },
        { "PUT", "/v2/groups", """{"groups": [{"id": "shop", "apps": []}, {"id": "other", "apps": []}]}""", 403, 403, 403 },
        { "PUT", "/v2/groups/shop", """{"apps": [{"id": "web", "cmd": "y"}]}""", 200, 403, 403 },
        { "PUT", "/v2/groups/shop?dryRun", """{"apps": [{"id": "web", "cmd": "y"}]}""", 200, 403, 403 },
        { "PUT", "/v2/groups/other?dryRun", """{"apps": []}""", 403, 403, 403 },
        { "PUT", "/v2/groups/shop", """{"dependencies": ["/other"]}""", 200, 403, 403 },
        { "PUT", "/v2/groups/other", """{"dependencies": ["/shop"]}""", 403, 403, 403 },
        { "DELETE", "/v2/groups/shop", null, 200, 403, 403 },
        { "DELETE", "/v2/groups/other", null, 403, 403, 403 },
        { "DELETE", "/v2/groups/none", null, 403, 403, 403 },
        { "DELETE", "/v2/groups", null, 403, 403, 403 },
        { "POST", "/v2/pods", Pod("/other/new"), 403, 403, 403 },
        { "POST", "/v2/pods", Pod("/other/pod"), 403, 403, 403 },
        { "POST", "/v2/pods", Pod("/shop/new"), 201, 403, 403 },
        { "PUT", "/v2/pods/other/pod", Pod("/other/pod"), 403, 403, 403 },
        { "PUT", "/v2/pods/other/none", Pod("/other/none"), 403, 403, 403 },
        { "DELETE", "/v2/pods/shop/pod", null, 202, 403, 403 },
        { "DELETE", "/v2/pods/other/pod", null, 403, 403, 403 },
        { "DELETE", "/v2/pods/other/pod::instances/x", null, 403, 403, 403 },

        // Instances.
        { "DELETE", "/v2/apps/shop/web/tasks", null, 200, 403, 403 },
        { "DELETE", "/v2/apps/shop/web/tasks?scale=true", null, 200, 200, 403 },
        { "DELETE", "/v2/apps/other/db/tasks", null, 403, 403, 403 },
        { "DELETE", "/v2/apps/other/db/tasks/x?scale=true", null, 403, 403, 403 },
        { "POST", "/v2/tasks/delete", """{"ids": ["shop_web.instance-1._app.1"]}""", 200, 403, 403 },
        { "POST", "/v2/tasks/delete?scale=true", """{"ids": ["shop_web.instance-1._app.1"]}""", 200, 200, 403 },
        {
            "POST", "/v2/tasks/delete", """{"ids": ["shop_web.instance-1._app.1", "other_db.instance-1._app.1"]}""", 403, 403,
            403
        },
        { "DELETE", "/v2/queue/shop/web/delay", null, 204, 403, 403 },
        { "DELETE", "/v2/queue/other/db/delay", null, 403, 403, 403 },
        { "DELETE", "/v2/queue/other/none/delay", null, 403, 403, 403 },
        { "DELETE", "/v2/deployments/none", null, 404, 404, 404 },
    };

    public async ValueTask InitializeAsync()
    {
        var principals = Principals.Parse("""
            {"credentials": [
              {"principal": "ops", "secret": "s", "permissions": ["operate"]},
              {"principal": "deployer", "secret": "s", "groups": {"/shop/**": ["deploy"]}},
              {"principal": "scaler", "secret": "s", "groups": {"/shop/**": ["scale", "exec"]}},
              {"principal": "viewer", "secret": "s", "groups": {"/shop/**": ["view", "files"]}}
            ]}
            """);
        _leader = await SchedulerUnderTest.StartAsync(_store, change: options => options with { Principals = principals });
        _standby = await SchedulerUnderTest.StartAsync(
            _store, leading: false, change: options => options with { Principals = principals });
        await SchedulerUnderTest.UntilAsync(() => _standby.Service.Snapshot.Leader.Address is not null);
        foreach (var id in (string[])["/shop/web", "/other/db"])
            (await AskAsync(_leader, "ops", "PUT", "/v2/apps" + id, App)).Is(201);
        foreach (var id in (string[])["/shop/pod", "/other/pod"])
            (await AskAsync(_leader, "ops", "POST", "/v2/pods", Pod(id))).Is(201);

        await RestAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _standby.DisposeAsync();
        await _leader.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Table))]
    public async Task A_team_gets_what_it_may(string method, string path, string? body, int deployer, int scaler, int viewer)
    {
        // From whoever may least: what is refused leaves all as it is.
        var forced = method == "GET" || path.Contains('?') ? path : path + "?force=true";

        foreach (var (who, status) in ((string, int)[])[("viewer", viewer), ("scaler", scaler), ("deployer", deployer)])
        {
            var before = _leader.Service.Snapshot.Root;
            (await AskAsync(status == 403 ? _standby : _leader, who, method, who == "deployer" ? forced : path, body)).Is(status);
            if (status is 403 or 404) Assert.Same(before, _leader.Service.Snapshot.Root);
        }

        (await AskAsync(_leader, "ops", "GET", "/v2/apps/other/db")).Is(200);
    }

    [Fact]
    public async Task Every_operation_says_what_it_needs_and_those_by_app_are_in_the_table()
    {
        // All that changes something and is the cluster's alone: whoever adds to it decides that here.
        Assert.Equal(["DELETE /v2/leader", "GET /v2/rebalance", "POST /v2/rebalance"],
            _leader.Operations.Where(one => one.Need is { OfApps: null, ShowsNoApp: false })
                .Select(one => $"{one.Method} {one.Path}").Order(StringComparer.Ordinal));
        Assert.Equal(["GET /ping", "GET /v2/info", "GET /v2/leader", "GET /v2/plugins"],
            _leader.Operations.Where(one => one.Need.ShowsNoApp).Select(one => $"{one.Method} {one.Path}")
                .Order(StringComparer.Ordinal));
        Assert.All(_leader.Operations.Where(one => !one.Reads && one.Need.OfApps is not null),
            one => Assert.NotEqual(GroupPermission.View, one.Need.OfApps));

        // Whatever is asked of an app or pod that may not be seen is refused, whatever the operation is.
        foreach (var operation in _leader.Operations.Where(operation => operation.IsOfOne))
        {
            var path = operation.Path.Replace("{**id}", operation.Tag == "Pods" ? "other/pod" : "other/db").Replace("{task}", "t")
                .Replace("{version}", "2026-11-24T18:00:00.000Z").Replace("{instance}", "i");
            var answer = await AskAsync(_leader, "deployer", operation.Method, path, operation.Body is null ? null : "{}");
            Assert.True((int)answer.Status == (operation.Reads ? 404 : 403), $"{operation.Method} {path}: {answer.Status}");
        }
    }

    [Theory]
    [InlineData("/v2/apps")]
    [InlineData("/v2/apps?embed=apps.tasks")]
    [InlineData("/v2/apps/*")]
    [InlineData("/v2/groups")]
    [InlineData("/v2/groups/apps")]
    [InlineData("/v2/tasks")]
    [InlineData("/v2/queue")]
    [InlineData("/v2/deployments")]
    [InlineData("/v2/pods")]
    [InlineData("/v2/pods::status")]
    public async Task A_list_shows_what_may_be_seen(string path)
    {
        (await AskAsync(_leader, "ops", "PUT", "/v2/groups", """{"scaleBy": 2}""")).Is(200);
        foreach (var scheduler in (SchedulerUnderTest[])[_leader, _standby])
        {
            var mine = (await AskAsync(scheduler, "viewer", "GET", path)).Is(200);
            var all = (await AskAsync(scheduler, "ops", "GET", path)).Is(200);
            Assert.DoesNotContain("other_", mine.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("/other", mine.Text, StringComparison.Ordinal);
            if (path == "/v2/tasks") continue;
            Assert.Contains("shop", mine.Text, StringComparison.Ordinal);
            Assert.Contains("other", all.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_answer_that_is_known_is_so_for_its_caller_alone()
    {
        var mine = (await AskAsync(_leader, "viewer", "GET", "/v2/apps")).Is(200);
        (await AskAsync(_leader, "viewer", "GET", "/v2/apps", null, ("If-None-Match", mine.Headers["ETag"]))).Is(304);
        (await AskAsync(_leader, "ops", "GET", "/v2/apps", null, ("If-None-Match", mine.Headers["ETag"]))).Is(200);
    }

    [Fact]
    public async Task A_deployment_over_several_teams_is_steered_by_who_may_deploy_all_its_apps()
    {
        (await AskAsync(_leader, "ops", "PUT", "/v2/apps?force=true",
            """[{"id": "/shop/web", "cmd": "y"}, {"id": "/other/db", "cmd": "y"}]""")).Is(200);
        var seen = JsonNode.Parse((await AskAsync(_leader, "deployer", "GET", "/v2/deployments")).Is(200).Text)!.AsArray();
        var both = Assert.Single(seen, deployment => deployment!["othersAffected"] is not null)!;
        Assert.Equal(("/shop/web", 1), ((string?)Assert.Single(both["affectedApps"]!.AsArray()), (int)both["othersAffected"]!));
        var id = (string)both["id"]!;
        foreach (var (method, what) in ((string, string)[])
            [("POST", "/pause"), ("POST", "/resume"), ("POST", "/promote"), ("POST", "/abort"), ("DELETE", ""),
            ("DELETE", "?force=true")])
        {
            var refused = (await AskAsync(_leader, "deployer", method, $"/v2/deployments/{id}{what}")).Is(403);
            Assert.Contains("lacks the permission 'deploy' on 1 more", refused.Text, StringComparison.Ordinal);
        }

        // By force it would end the others' deployment, too.
        (await AskAsync(_leader, "deployer", "PATCH", "/v2/apps/shop/web?force=true", """{"instances": 3}""")).Is(403);
        (await AskAsync(_leader, "deployer", "POST", "/v2/apps/shop/web/restart?force=true")).Is(403);
        (await AskAsync(_leader, "deployer", "PATCH", "/v2/apps/shop/web", """{"instances": 3}""")).Is(409);

        // One of another team alone is not there.
        (await AskAsync(_leader, "ops", "DELETE", $"/v2/deployments/{id}?force=true")).Is(202);
        (await AskAsync(_leader, "ops", "PATCH", "/v2/apps/other/db?force=true", """{"cmd": "z"}""")).Is(200);
        var hidden = _leader.Service.Snapshot.Deployments
            .Single(deployment => deployment.AffectedApps.Any(app => app.Path == "/other/db")).Id;
        (await AskAsync(_leader, "deployer", "GET", "/v2/deployments/" + hidden)).Is(404);
        (await AskAsync(_leader, "deployer", "DELETE", "/v2/deployments/" + hidden)).Is(404);
    }

    [Fact]
    public async Task A_refusal_names_what_was_named_or_is_seen_and_nothing_else()
    {
        var many = (await AskAsync(_leader, "deployer", "PUT", "/v2/apps",
            """[{"id": "/shop/web", "cmd": "y"}, {"id": "/other/db", "cmd": "y"}, {"id": "/other/x", "cmd": "y"}]""")).Is(403);
        Assert.Contains("principal 'deployer' lacks the permission 'scale' on /other/db, /other/x", many.Text,
            StringComparison.Ordinal);
        var root = (await AskAsync(_leader, "deployer", "DELETE", "/v2/groups")).Is(403);
        Assert.Contains("on 2 more", root.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("other", root.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Others_ports_are_not_named()
    {
        (await AskAsync(_leader, "ops", "PUT", "/v2/apps/other/port",
            """{"cmd": "x", "instances": 0, "portDefinitions": [{"port": 10123}]}""")).Is(201);
        var mine = (await AskAsync(_leader, "deployer", "PUT", "/v2/apps/shop/port",
            """{"cmd": "x", "instances": 0, "portDefinitions": [{"port": 10123}]}""")).Is(201);
        Assert.DoesNotContain("other", mine.Text + mine.Headers.GetValueOrDefault("Warning"), StringComparison.Ordinal);
        var seen = (await AskAsync(_leader, "ops", "PUT", "/v2/apps/shop/port2",
            """{"cmd": "x", "instances": 0, "portDefinitions": [{"port": 10123}]}""")).Is(201);
        Assert.Contains("/other/port", seen.Headers["Warning"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_event_stream_has_the_events_of_what_may_be_seen()
    {
        foreach (var scheduler in (SchedulerUnderTest[])[_leader, _standby])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/events");
            request.Headers.Authorization = Of("viewer");
            using var answer = await scheduler.Client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            (await AskAsync(_leader, "ops", "PATCH", "/v2/apps/other/db?force=true",
                $$"""{"cmd": "e{{scheduler.Url.Port}}"}""")).Is(200);
            (await AskAsync(_leader, "ops", "PATCH", "/v2/apps/shop/web?force=true",
                $$"""{"cmd": "e{{scheduler.Url.Port}}"}""")).Is(200);
            var read = new StringBuilder();
            while (!read.ToString().Contains("api_post_event") || !read.ToString().Contains("deployment_info"))
                read.AppendLine(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            Assert.Contains("/shop/web", read.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("other", read.ToString(), StringComparison.Ordinal);
        }
    }

    private static string Pod(string id) => $$$"""
        {"id": "{{{id}}}", "containers": [{"name": "c", "exec": {"command": {"shell": "sleep 1"}},
         "resources": {"cpus": 0.1, "mem": 16}}], "networks": [{"mode": "host"}]}
        """;

    /// <summary>Ends what is under way, which without a master would be for ever.</summary>
    private async Task RestAsync()
    {
        foreach (var deployment in _leader.Service.Snapshot.Deployments)
            (await AskAsync(_leader, "ops", "DELETE", $"/v2/deployments/{deployment.Id}?force=true")).Is(202);
    }

    private static AuthenticationHeaderValue Of(string who) => new Credential(who, "s").Header;

    private static Task<ApiReply> AskAsync(
        SchedulerUnderTest scheduler, string who, string method, string path, string? body = null,
        params (string Name, string Value)[] headers) =>
        scheduler.SendAsync(method, path, body, [("Authorization", $"{Of(who)}"), .. headers]);
}
