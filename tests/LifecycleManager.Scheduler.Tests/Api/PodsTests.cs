namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>Pods as far as no master is needed; the end-to-end tests run them.</summary>
public sealed class PodsTests : IAsyncLifetime
{
    private const string Pair = """
        {"id":"/shop/pair","labels":{"team":"x"},"environment":{"A":"1"},
         "containers":[
           {"name":"web","exec":{"command":{"shell":"serve"}},"resources":{"cpus":0.5,"mem":64},
            "endpoints":[{"name":"http","hostPort":0},{"name":"admin","hostPort":8081,"protocol":["tcp"]}],
            "healthCheck":{"http":{"endpoint":"admin","path":"/health"}},"environment":{"B":"2"}},
           {"name":"side","exec":{"command":{"argv":["tail","-f"]}},"resources":{"cpus":0.25,"mem":32}}],
         "scaling":{"kind":"fixed","instances":2},
         "scheduling":{"placement":{"constraints":[{"fieldName":"@hostname","operator":"UNIQUE"}]}}}
        """;

    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public async ValueTask DisposeAsync() => await _scheduler.DisposeAsync();

    [Fact]
    public async Task A_pod_is_made_shown_changed_and_deleted()
    {
        Assert.Equal(200, (int)(await _scheduler.SendAsync("HEAD", "/v2/pods", null)).Status);
        var made = (await _scheduler.PostAsync("/v2/pods", Pair)).Is(201);
        Assert.Equal("/v2/pods/shop/pair", made.Headers["Location"]);
        Assert.NotNull(made.Headers["Marathon-Deployment-Id"]);
        Assert.Equal((2, 0.1), ((int)made.Json["scaling"]!["instances"]!, (double)made.Json["executorResources"]!["cpus"]!));
        var first = (string)made.Json["version"]!;
        (await _scheduler.PostAsync("/v2/pods", Pair)).Is(409);

        var shown = (await _scheduler.GetAsync("/v2/pods/shop/pair")).Is(200).Json;
        Assert.Equal(["web", "side"], shown["containers"]!.AsArray().Select(container => (string)container!["name"]!));
        Assert.Equal("/shop/pair", (string)(await _scheduler.GetAsync("/v2/pods")).Is(200).Json[0]!["id"]!);
        var status = (await _scheduler.GetAsync("/v2/pods/shop/pair::status")).Is(200).Json;
        Assert.Equal(("DEGRADED", 0), ((string)status["status"]!, status["instances"]!.AsArray().Count));
        Assert.Equal("/shop/pair", (string)(await _scheduler.GetAsync("/v2/pods::status")).Is(200).Json[0]!["id"]!);

        var waits = (await _scheduler.GetAsync("/v2/queue")).Is(200).Json["queue"]![0]!;
        Assert.Equal(("/shop/pair", null), ((string)waits["pod"]!["id"]!, waits["app"]));
        var deployment = (await _scheduler.GetAsync("/v2/deployments")).Is(200).Json[0]!;
        Assert.Equal("/shop/pair", (string)deployment["affectedPods"]![0]!);
        Assert.Equal(("ScalePod", "/shop/pair"), ((string)deployment["currentActions"]![0]!["action"]!,
            (string)deployment["currentActions"]![0]!["pod"]!));

        (await _scheduler.PutAsync("/v2/pods/shop/pair", Pair.Replace("serve", "serve more", StringComparison.Ordinal))).Is(409);
        var changed = (await _scheduler.PutAsync("/v2/pods/shop/pair?force=true",
            Pair.Replace("serve", "serve more", StringComparison.Ordinal))).Is(200);
        var versions = (await _scheduler.GetAsync("/v2/pods/shop/pair::versions")).Is(200).Json.AsArray()
            .Select(version => (string)version!).ToList();
        Assert.Equal([(string)changed.Json["version"]!, first], versions);
        var old = (await _scheduler.GetAsync($"/v2/pods/shop/pair::versions/{first}")).Is(200).Json;
        Assert.Equal("serve", (string)old["containers"]![0]!["exec"]!["command"]!["shell"]!);

        (await _scheduler.DeleteAsync("/v2/pods/shop/pair::instances/none?force=true")).Is(404);
        Assert.NotNull((await _scheduler.DeleteAsync("/v2/pods/shop/pair?force=true")).Is(202).Headers["Marathon-Deployment-Id"]);
        (await _scheduler.GetAsync("/v2/pods/shop/pair")).Is(404);
        (await _scheduler.DeleteAsync("/v2/pods/shop/pair")).Is(404);
    }

    [Fact]
    public async Task Pods_and_apps_are_kept_apart()
    {
        (await _scheduler.PostAsync("/v2/pods", Pair)).Is(201);
        Assert.Empty((await _scheduler.GetAsync("/v2/apps")).Is(200).Json["apps"]!.AsArray());
        (await _scheduler.GetAsync("/v2/apps/shop/pair")).Is(404);
        (await _scheduler.GetAsync("/v2/apps/shop/pair/versions")).Is(404);
        (await _scheduler.DeleteAsync("/v2/apps/shop/pair?force=true")).Is(404);
        (await _scheduler.PutAsync("/v2/apps/shop/pair?force=true", """{"cmd":"x"}""")).Is(422).Names("/id", "a pod has the id");
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/shop/pair","cmd":"x"}""")).Is(409);
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/x","cmd":"x","pod":{}}""")).Is(422)
            .Names("/pod", "is not a known field");
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/shop/app","cmd":"x","instances":0}""")).Is(201);
        (await _scheduler.GetAsync("/v2/pods/shop/app")).Is(404);
        (await _scheduler.PutAsync("/v2/pods/shop/app", Pair.Replace("/shop/pair", "/shop/app", StringComparison.Ordinal)))
            .Is(404);

        var group = (await _scheduler.GetAsync("/v2/groups/shop")).Is(200).Json;
        Assert.Equal("/shop/app", (string)Assert.Single(group["apps"]!.AsArray())!["id"]!);
        Assert.Equal("/shop/pair", (string)Assert.Single(group["pods"]!.AsArray())!["id"]!);
    }

    [Fact]
    public async Task A_group_has_pods_and_an_update_keeps_those_that_it_does_not_name()
    {
        var pod =
            """{"id":"p","containers":[{"name":"c","exec":{"command":{"shell":"x"}}}],"scaling":{"kind":"fixed","instances":0}}""";
        (await _scheduler.PutAsync("/v2/groups/g", $$"""{"apps":[{"id":"a","cmd":"x","instances":0}],"pods":[{{pod}}]}"""))
            .Is(200);
        (await _scheduler.PutAsync("/v2/groups/g", """{"apps":[{"id":"b","cmd":"x","instances":0}]}""")).Is(200);
        var group = (await _scheduler.GetAsync("/v2/groups/g")).Is(200).Json;
        Assert.Equal(("/g/b", "/g/p"), ((string)group["apps"]![0]!["id"]!, (string)group["pods"]![0]!["id"]!));
        (await _scheduler.PutAsync("/v2/groups/g", """{"pods":[]}""")).Is(200);
        group = (await _scheduler.GetAsync("/v2/groups/g")).Is(200).Json;
        Assert.Equal((1, 0), (group["apps"]!.AsArray().Count, group["pods"]!.AsArray().Count));
    }

    [Theory]
    [InlineData("\"containers\":[]", "/containers", "1 to 100")]
    [InlineData("\"containers\":[{\"name\":\"A\",\"exec\":{\"command\":{\"shell\":\"x\"}}}]", "/containers(0)/name",
        "small letters")]
    [InlineData("\"containers\":[{\"name\":\"a\"}]", "/containers(0)/exec", "needs a command")]
    [InlineData("\"containers\":[C,C]", "/containers(1)/name", "twice")]
    [InlineData("\"containers\":[C],\"networks\":[{\"mode\":\"container\",\"name\":\"n\"}]", "/networks",
        "only the host's network")]
    [InlineData("\"containers\":[C],\"volumes\":[{\"name\":\"v\"}]", "/volumes(0)/host", "not supported")]
    [InlineData("\"containers\":[{\"name\":\"a\",\"image\":{\"kind\":\"APPC\",\"id\":\"x\"}}]", "/containers(0)/image/kind",
        "DOCKER is")]
    [InlineData("\"containers\":[{\"name\":\"a\",\"image\":{\"kind\":\"DOCKER\",\"id\":\"x y\"}}]", "/containers(0)/image/id",
        "name of an image")]
    [InlineData("\"containers\":[D],\"environment\":{\"A\":1}", "/containers(0)/environment/A", "must be a text")]
    [InlineData("\"containers\":[{\"name\":\"a\",\"exec\":{\"command\":{\"shell\":\"x\"}},\"resources\":{\"mem\":-1}}]",
        "/containers(0)/resources/mem", "between")]
    [InlineData(
        "\"containers\":[{\"name\":\"a\",\"exec\":{\"command\":{\"shell\":\"x\"}},\"healthCheck\":{\"tcp\":{\"endpoint\":\"no\"}}}]", "/containers(0)/healthCheck/tcp/endpoint", "not an endpoint")]
    [InlineData("\"containers\":[{\"name\":\"a\",\"exec\":{\"command\":{\"shell\":\"x\"}},\"tty\":true}]", "/containers(0)/tty",
        "not supported")]
    [InlineData("\"containers\":[C],\"scaling\":{\"kind\":\"fixed\",\"instances\":-1}", "/scaling/instances", "between")]
    [InlineData("\"containers\":[C],\"scheduling\":{\"backoff\":{\"backoffFactor\":0}}", "/scheduling/backoff/backoffFactor",
        "between")]
    [InlineData(
        "\"containers\":[C],\"scheduling\":{\"placement\":{\"constraints\":[{\"fieldName\":\"a\",\"operator\":\"LIKES\"}]}}",
        "/scheduling/placement/constraints(0)/operator", "LIKE")]
    [InlineData("\"containers\":[C],\"colour\":1", "/colour", "not a known field")]
    public async Task What_is_wrong_is_named_with_its_path(string fields, string path, string says)
    {
        const string One = """{"name":"c","exec":{"command":{"shell":"x"}}}""";
        var body = "{\"id\":\"/p\"," + fields.Replace("[C,C]", $"[{One},{One}]", StringComparison.Ordinal)
            .Replace("[C]", $"[{One}]", StringComparison.Ordinal).Replace("[D]", $"[{One}]", StringComparison.Ordinal) + "}";
        (await _scheduler.PostAsync("/v2/pods", body)).Is(422).Names(path, says);
    }
}
