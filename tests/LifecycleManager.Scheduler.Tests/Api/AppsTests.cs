using System.Text.Json.Nodes;
using LifecycleManager.Scheduler.Core.Tests;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class AppsTests : IAsyncLifetime
{
    private const string Sleeper =
        """{"id":"/web/shop","cmd":"sleep 1000","cpus":0.1,"mem":16,"instances":0,"labels":{"tier":"front"}}""";
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Theory]
    [InlineData("search", "search-service-1.0", 8090)]
    [InlineData("search-apigateway", "search-apigateway-1.0", 8095)]
    [InlineData("website", "website-1.0", 8001)]
    public async Task The_sample_definitions_are_taken_as_they_are(string file, string id, int hostPort)
    {
        var made = (await _scheduler.PostAsync("/v2/apps", Samples.Text(file))).Is(201);
        Assert.Equal($"/v2/apps/{id}", made.Headers["Location"]);

        var app = (await _scheduler.GetAsync($"/v2/apps/{id}")).Is(200).Json["app"]!;
        Assert.Equal($"/{id}", (string?)app["id"]);
        Assert.Equal("DOCKER", (string?)app["container"]!["type"]);
        Assert.Equal("container/bridge", (string?)app["networks"]![0]!["mode"]);
        var mapping = app["container"]!["portMappings"]![0]!;
        Assert.Equal((0, hostPort), ((int)mapping["containerPort"]!, (int)mapping["hostPort"]!));
        Assert.InRange((int)mapping["servicePort"]!, 10_000, 20_000);
        Assert.Equal("/admin/health", (string?)app["healthChecks"]![0]!["path"]);
        Assert.Null(app["container"]!["docker"]!["network"]);
    }

    [Fact]
    public async Task A_change_that_was_decided_from_another_count_is_refused_with_the_present_one()
    {
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        var made = (string)(await _scheduler.GetAsync("/v2/apps/web/shop")).Json["app"]!["createdAt"]!;

        var refused = (await PutAsync("""{"instances":3}""", ("Lcm-If-Instances", "2"))).Is(412);
        Assert.Equal((0, made), ((int)refused.Json["instances"]!, (string)refused.Json["createdAt"]!));
        Assert.Contains("it has 0 instances; nothing was changed", (string)refused.Json["message"]!);

        // What it was decided from is there; then the wanted count is, as after an answer that was lost.
        (await PutAsync("""{"cpus":0.2}""", ("Lcm-If-Instances", "0"), ("Lcm-If-Created-At", made))).Is(200);
        (await PutAsync("""{"instances":0}""", ("Lcm-If-Instances", "2"), ("Lcm-If-Created-At", made))).Is(200);
        var app = (await _scheduler.GetAsync("/v2/apps/web/shop")).Json["app"]!;
        Assert.Equal((made, 0, 0.2), ((string)app["createdAt"]!, (int)app["instances"]!, (double)app["cpus"]!));

        // Made anew it is another, whatever its count.
        (await _scheduler.DeleteAsync("/v2/apps/web/shop")).Is(200);
        (await PutAsync("""{"instances":3}""", ("Lcm-If-Instances", "0"))).Is(404);
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        (await PutAsync("""{"instances":3}""", ("Lcm-If-Instances", "0"), ("Lcm-If-Created-At", made))).Is(412);
        Assert.NotEqual(made, (string)(await _scheduler.GetAsync("/v2/apps/web/shop")).Json["app"]!["createdAt"]!);

        (await PutAsync("""{"instances":3}""", ("Lcm-If-Instances", "many"))).Is(400);
        (await PutAsync("""{"instances":3}""", ("Lcm-If-Created-At", "then"))).Is(400);
        (await _scheduler.SendAsync("PUT", "/v2/apps", "[]", ("Lcm-If-Instances", "0"))).Is(400);
    }

    private Task<ApiReply> PutAsync(string body, params (string Name, string Value)[] headers) =>
        _scheduler.SendAsync("PUT", "/v2/apps/web/shop", body, headers);

    [Fact]
    public async Task An_app_is_made_read_changed_and_deleted()
    {
        var made = (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        Assert.Equal((string?)made.Json["deployments"]![0]!["id"], made.Headers["Marathon-Deployment-Id"]);
        Assert.Equal(_scheduler.Url.GetLeftPart(UriPartial.Authority), made.Headers["X-Marathon-Leader"]);
        var first = (string)made.Json["version"]!;

        var changed = (await _scheduler.PutAsync("/v2/apps/web/shop", """{"mem":32}""")).Is(200);
        Assert.Equal((string?)changed.Json["deploymentId"], changed.Headers["Marathon-Deployment-Id"]);
        var app = (await _scheduler.GetAsync("/v2/apps//web/shop")).Is(200).Json["app"]!;
        Assert.Equal((32, 0.1, "sleep 1000"), ((double)app["mem"]!, (double)app["cpus"]!, (string)app["cmd"]!));
        Assert.Equal((string?)changed.Json["version"], (string?)app["versionInfo"]!["lastConfigChangeAt"]);

        var versions = (await _scheduler.GetAsync("/v2/apps/web/shop/versions")).Is(200).Json["versions"]!.AsArray();
        Assert.Equal([(string)changed.Json["version"]!, first], versions.Select(version => (string)version!));
        Assert.Equal(16, (double)(await _scheduler.GetAsync($"/v2/apps/web/shop/versions/{first}")).Is(200).Json["mem"]!);
        (await _scheduler.PutAsync("/v2/apps/web/shop", $$"""{"version":"{{first}}"}""")).Is(200);
        Assert.Equal(16, (double)(await _scheduler.GetAsync("/v2/apps/web/shop")).Json["app"]!["mem"]!);

        (await _scheduler.DeleteAsync("/v2/apps/web/shop")).Is(200);
        var gone = (await _scheduler.GetAsync("/v2/apps/web/shop")).Is(404);
        Assert.Equal("App '/web/shop' does not exist", (string?)gone.Json["message"]);
        (await _scheduler.DeleteAsync("/v2/apps/web/shop")).Is(404);
    }

    [Fact]
    public async Task An_app_that_is_there_is_not_made_again()
    {
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        var again = (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(409);
        Assert.Equal("An app with id [/web/shop] already exists.", (string?)again.Json["message"]);
    }

    [Fact]
    public async Task A_put_makes_what_is_not_there_and_one_without_partial_update_forgets_what_it_does_not_say()
    {
        (await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"sleep 1","mem":7,"instances":0}""")).Is(201);
        (await _scheduler.PutAsync("/v2/apps/a?partialUpdate=false", """{"cmd":"sleep 2","instances":0}""")).Is(200);
        var app = (await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!;
        Assert.Equal((128, "sleep 2"), ((double)app["mem"]!, (string)app["cmd"]!));
        (await _scheduler.PatchAsync("/v2/apps/a", """{"cmd":"sleep 3"}""")).Is(200);
        Assert.Equal("sleep 3", (string?)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["cmd"]);
    }

    [Fact]
    public async Task The_same_definition_sent_again_changes_nothing_though_its_service_port_was_given()
    {
        var made = (await _scheduler.PostAsync("/v2/apps", Samples.Text("search"))).Is(201);
        (await _scheduler.PutAsync("/v2/apps/search-service-1.0?force=true", Samples.Text("search"))).Is(200);
        (await _scheduler.PutAsync("/v2/apps/search-service-1.0?force=true&partialUpdate=false", Samples.Text("search"))).Is(200);
        var app = (await _scheduler.GetAsync("/v2/apps/search-service-1.0")).Json["app"]!;
        Assert.Equal((string?)made.Json["version"], (string?)app["version"]);
    }

    [Fact]
    public async Task What_was_answered_can_be_sent_back()
    {
        (await _scheduler.PostAsync("/v2/apps", Samples.Text("website"))).Is(201);
        var app =
            (await _scheduler.GetAsync("/v2/apps/website-1.0?embed=app.taskStats&embed=app.readiness")).Json["app"]!.AsObject();
        app.Remove("version");
        (await _scheduler.PutAsync("/v2/apps/website-1.0?force=true", app.ToJsonString())).Is(200);
        app["id"] = "/copy";
        app.Remove("container");
        app.Remove("networks");
        app["cmd"] = "sleep 1";
        (await _scheduler.PostAsync("/v2/apps", app.ToJsonString())).Is(201);
    }

    [Fact]
    public async Task A_locked_app_names_its_deployments()
    {
        var made = (await _scheduler.PostAsync("/v2/apps", """{"id":"/busy","cmd":"sleep 1","instances":1}""")).Is(201);
        var locked = (await _scheduler.PutAsync("/v2/apps/busy", """{"instances":2}""")).Is(409);
        Assert.StartsWith("App is locked by one or more deployments.", (string?)locked.Json["message"], StringComparison.Ordinal);
        Assert.Equal(made.Headers["Marathon-Deployment-Id"], (string?)locked.Json["deployments"]![0]!["id"]);
        (await _scheduler.PutAsync("/v2/apps/busy?force=true", """{"instances":2}""")).Is(200);
    }

    [Fact]
    public async Task Apps_are_found_by_command_id_and_label()
    {
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        (await _scheduler.PostAsync("/v2/apps",
            """{"id":"/web/api","cmd":"serve","instances":0,"labels":{"tier":"back","zone":"a b"}}""")).Is(201);
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/db","cmd":"sleep 5","instances":0}""")).Is(201);

        Assert.Equal(["/db", "/web/api", "/web/shop"], await IdsAsync("/v2/apps"));
        Assert.Equal(["/db", "/web/shop"], await IdsAsync("/v2/apps?cmd=sleep"));
        Assert.Equal(["/web/api", "/web/shop"], await IdsAsync("/v2/apps?id=web"));
        Assert.Equal(["/web/shop"], await IdsAsync("/v2/apps?id=web&cmd=sleep"));
        Assert.Equal(["/web/api", "/web/shop"], await IdsAsync("/v2/apps?label=tier"));
        Assert.Equal(["/web/shop"], await IdsAsync("/v2/apps?label=tier%3D%3Dfront"));
        Assert.Equal(["/db", "/web/api"], await IdsAsync("/v2/apps?label=tier!=front"));
        Assert.Equal(["/web/api", "/web/shop"], await IdsAsync("/v2/apps?label=tier%20in%20(front,%20back)"));
        Assert.Equal(["/db"], await IdsAsync("/v2/apps?label=tier%20notin%20(front,back)"));
        Assert.Equal(["/web/api"], await IdsAsync("/v2/apps?label=tier,tier!=front"));
        (await _scheduler.GetAsync("/v2/apps?label=tier%20in%20front")).Is(400);
        var group = (await _scheduler.GetAsync("/v2/apps/web/*")).Is(200).Json["*"]!.AsArray();
        Assert.Equal(["/web/api", "/web/shop"], group.Select(app => (string)app!["id"]!));
        (await _scheduler.GetAsync("/v2/apps/nothing/*")).Is(404);
    }

    [Fact]
    public async Task Embeds_add_to_an_app_and_unknown_ones_are_refused()
    {
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        var bare = (await _scheduler.GetAsync("/v2/apps")).Json["apps"]![0]!;
        Assert.Equal(0, (int)bare["tasksRunning"]!);
        Assert.NotNull(bare["deployments"]);
        Assert.Null(bare["tasks"]);
        var full =
            (await _scheduler.GetAsync("/v2/apps?embed=apps.tasks&embed=apps.taskStats&embed=apps.readiness")).Json["apps"]![0]!;
        Assert.Empty(full["tasks"]!.AsArray());
        Assert.NotNull(full["taskStats"]);
        Assert.NotNull(full["readinessCheckResults"]);
        Assert.Contains("apps.tasks", (string?)(await _scheduler.GetAsync("/v2/apps?embed=apps.task"))
            .Is(400).Json["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_apps_are_changed_in_one_deployment_or_none_is()
    {
        (await _scheduler.PutAsync("/v2/apps", """[{"id":"/a","cmd":"x","instances":0},{"id":"b","cmd":"y","instances":0}]"""))
            .Is(200);
        Assert.Equal(["/a", "/b"], await IdsAsync("/v2/apps"));
        var refused = (await _scheduler.PutAsync("/v2/apps", """[{"id":"/a","mem":5},{"id":"/b","mem":-5}]""")).Is(422);
        refused.Names("(1)/mem", "must be between");
        Assert.Equal(128, (double)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["mem"]!);
    }

    [Fact]
    public async Task A_restart_is_a_deployment()
    {
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        Assert.NotNull((await _scheduler.PostAsync("/v2/apps/web/shop/restart")).Is(200).Json["deploymentId"]);
        (await _scheduler.PostAsync("/v2/apps/nothing/restart")).Is(404);
    }

    [Fact]
    public async Task A_wrong_method_is_answered_with_those_there_are()
    {
        var answer = (await _scheduler.PostAsync("/v2/apps/x", "{}")).Is(405);
        Assert.Equal("GET,PUT,PATCH,DELETE", answer.Headers["Allow"]);
        (await _scheduler.GetAsync("/v2/nothing")).Is(404);
    }

    [Fact]
    public async Task An_answer_that_is_known_is_not_sent_again()
    {
        var first = (await _scheduler.GetAsync("/v2/apps")).Is(200);
        var tag = first.Headers["ETag"];
        (await _scheduler.GetAsync("/v2/apps", ("If-None-Match", tag))).Is(304);
        (await _scheduler.PostAsync("/v2/apps", Sleeper)).Is(201);
        (await _scheduler.GetAsync("/v2/apps", ("If-None-Match", tag))).Is(200);
    }

    [Fact]
    public async Task The_tag_of_an_app_is_its_own()
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/one","cmd":"x","instances":0}""")).Is(201);
        var tag = (await _scheduler.GetAsync("/v2/apps/one")).Is(200).Headers["ETag"];
        var tasks = (await _scheduler.GetAsync("/v2/apps/one/tasks")).Is(200).Headers["ETag"];
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/two","cmd":"x","instances":0}""")).Is(201);
        (await _scheduler.GetAsync("/v2/apps/one", ("If-None-Match", tag))).Is(304);
        (await _scheduler.GetAsync("/v2/apps/one/tasks", ("If-None-Match", tasks))).Is(304);
        (await _scheduler.PutAsync("/v2/apps/one", """{"mem":5}""")).Is(200);
        (await _scheduler.GetAsync("/v2/apps/one", ("If-None-Match", tag))).Is(200);
        (await _scheduler.GetAsync("/v2/groups", ("If-None-Match", (await _scheduler.GetAsync("/v2/groups")).Headers["ETag"])))
            .Is(304);
    }

    [Fact]
    public async Task Answers_are_zipped_for_those_who_take_it()
    {
        (await _scheduler.PostAsync("/v2/apps", Samples.Text("search"))).Is(201);
        foreach (var path in new[] { "/v2/apps", "/v2/apps/search-service-1.0" })
        {
            var zipped = (await _scheduler.GetAsync(path, ("Accept-Encoding", "br, gzip;q=0.5"))).Is(200);
            Assert.Equal("gzip", zipped.Headers["Content-Encoding"]);
            using var unzipped = new System.IO.Compression.GZipStream(new MemoryStream(zipped.Bytes),
                System.IO.Compression.CompressionMode.Decompress);
            Assert.NotNull(JsonNode.Parse(unzipped));
            Assert.False((await _scheduler.GetAsync(path, ("Accept-Encoding", "gzip;q=0")))
                .Is(200).Headers.ContainsKey("Content-Encoding"));
        }
    }

    private async Task<List<string>> IdsAsync(string path) =>
        [.. (await _scheduler.GetAsync(path)).Is(200).Json["apps"]!.AsArray().Select(app => (string)app!["id"]!)];
}
