namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class BadInputTests : IAsyncLifetime
{
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Theory]
    [InlineData("""{"id":"/a","cmd":"x" """, "line 1")]
    [InlineData("{\n\"id\": nonsense}", "line 2, column 8")]
    [InlineData("""{"id":"/a","id":"/b"}""", "id")]
    [InlineData("", "empty")]
    [InlineData("""{"id":"/a"} trailing""", "line 1")]
    public async Task What_is_no_json_is_answered_by_400_and_the_position(string body, string words)
    {
        var answer = (await _scheduler.PostAsync("/v2/apps", body)).Is(400);
        Assert.Equal("Invalid JSON", (string?)answer.Json["message"]);
        answer.Names("", words);
    }

    [Fact]
    public async Task What_is_not_utf_8_is_no_json()
    {
        using var content = new ByteArrayContent([(byte)'"', 0xC3, 0x28, (byte)'"']);
        using var answer = await _scheduler.Client.PostAsync(new Uri("/v2/apps", UriKind.Relative), content);
        Assert.Equal(400, (int)answer.StatusCode);
    }

    [Fact]
    public async Task All_that_is_wrong_is_named_at_once()
    {
        var answer = (await _scheduler.PostAsync("/v2/apps", """
            {"id":"/Upper","cmd":"x","cpu":1,"mem":"much","instances":1.5,"container":{"docker":{"imgae":"x"}},"healthChecks":[{"paths":"/"}]}
            """)).Is(422);
        Assert.Equal("Object is not valid", (string?)answer.Json["message"]);
        answer.Names("/cpu", "did you mean 'cpus'?");
        answer.Names("/mem", "must be a number, not a text");
        answer.Names("/instances", "must be a whole number");
        answer.Names("/container/docker/imgae", "did you mean 'image'?");
        answer.Names("/healthChecks(0)/paths", "did you mean 'path'?");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        var body = $$"""{"id":"/a","cmd":"{{new string('x', 1024 * 1024)}}"}""";
        (await _scheduler.PostAsync("/v2/apps", body)).Is(413);
        (await _scheduler.PutAsync("/v2/groups/g",
            $$"""{"apps":[{"id":"a","instances":0,"cmd":"{{new string('x', 1024 * 1024)}}"}]}""")).Is(200);
    }

    [Theory]
    [InlineData("/v2/apps?force=perhaps")]
    [InlineData("/v2/apps/a/tasks?scale=1")]
    public async Task A_flag_is_true_or_false(string path)
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(201);
        var answer = path.Contains("tasks", StringComparison.Ordinal)
            ? await _scheduler.DeleteAsync(path) : await _scheduler.PostAsync(path, """{"id":"/b","cmd":"x"}""");
        answer.Is(400);
    }

    [Theory]
    [InlineData("/v2/apps/a/versions/yesterday", 400)]
    [InlineData("/v2/apps/a/versions/2001-01-01T00:00:00.000Z", 404)]
    [InlineData("/v2/groups/versions/2001-01-01T00:00:00.000Z", 404)]
    [InlineData("/v2/groups/none", 404)]
    [InlineData("/v2/tasks?status=sleeping", 400)]
    [InlineData("/v2/queue?embed=everything", 400)]
    public async Task What_is_not_there_is_said_so(string path, int status)
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(201);
        Assert.NotNull((await _scheduler.GetAsync(path)).Is(status).Json["message"]);
    }

    [Fact]
    public async Task Two_apps_of_one_service_port_are_named()
    {
        (await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"x","instances":0,"portDefinitions":[{"port":12000}]}""")).Is(201);
        var answer =
            (await _scheduler.PutAsync("/v2/apps/b",
                """{"cmd":"x","instances":0,"portDefinitions":[{"port":12000},{"port":0}]}""")).Is(201);
        Assert.Equal("the service port 12000 is that of /a and of /b", (string?)answer.Json["message"]);
        Assert.Null((await _scheduler.PutAsync("/v2/apps/c", """{"cmd":"x","instances":0}""")).Is(201).Json["message"]);
        (await _scheduler.PutAsync("/v2/apps/d", """{"cmd":"x","portDefinitions":[{"port":12001},{"port":12001}]}""")).Is(422)
            .Names("/portDefinitions(1)/port", "12001");
    }

    [Fact]
    public async Task A_label_that_nobody_heeds_is_taken_and_told_once()
    {
        const string Wrong =
            """{"cmd":"x","instances":0,"labels":{"owner":"me","lcm.metric.path":"/admin","lcm.priority":"1"}}""";
        const string Note = "/a: nobody heeds the label 'lcm.metric.path'; did you mean 'lcm.metrics.path'?";
        var put = (await _scheduler.PutAsync("/v2/apps/a", Wrong)).Is(201);
        Assert.Equal(Note, (string?)put.Json["message"]);
        Assert.Equal($"299 - \"{Note}\"", put.Headers["Warning"]);
        Assert.Equal("/admin", (string?)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["labels"]!["lcm.metric.path"]);

        // What was told is not told at each change of the count.
        var scaled = (await _scheduler.PutAsync("/v2/apps/a", """{"instances":1}""")).Is(200);
        Assert.Null(scaled.Json["message"]);
        Assert.False(scaled.Headers.ContainsKey("Warning"));

        // The answer to POST is the app, as Marathon has it; any text may be a label.
        var post = (await _scheduler.PostAsync("/v2/apps",
            """{"id":"/b","cmd":"x","instances":0,"labels":{"lcm.\"é\r\n":"1"}}""")).Is(201);
        Assert.Equal("299 - \"/b: nobody heeds the label 'lcm.'\"", post.Headers["Warning"]);
    }

    [Fact]
    public async Task A_label_of_a_pod_or_its_container_that_nobody_heeds_there_is_told_too()
    {
        static string Pod(string labels) => $$$"""
            {"id":"/p","labels":{"lcm.metrics.path":"/admin","lcm.drain":"1s"},"scaling":{"kind":"fixed","instances":0},
             "containers":[{"name":"web","exec":{"command":{"shell":"x"}},"labels":{{{labels}}}}]}
            """;
        var post = (await _scheduler.PostAsync("/v2/pods",
            Pod("""{"owner":"me","lcm.priority":"1","lcm.expandEnv":"true","lcm.dra":"1s"}"""))).Is(201);
        Assert.Equal(
            "299 - \"/p: nobody heeds the label 'lcm.metrics.path' of a pod: it is of apps\","
            + "299 - \"/p: nobody heeds the label 'lcm.priority' of the container 'web': it is the pod's\","
            + "299 - \"/p: nobody heeds the label 'lcm.dra' of the container 'web'; did you mean 'lcm.drain'?\"",
            post.Headers["Warning"]);

        // What is told is told once; what cannot be heeded is refused, though another container's can.
        var put = (await _scheduler.PutAsync("/v2/pods/p", Pod("""{"lcm.priority":"2"}"""))).Is(200);
        Assert.False(put.Headers.ContainsKey("Warning"));
        (await _scheduler.PutAsync("/v2/pods/p", Pod("""{"lcm.drain":"soon"}"""))).Is(422)
            .Names("/containers(0)/labels/lcm.drain", "must be a time of an hour at most");
    }

    [Fact]
    public async Task An_id_in_the_body_must_be_that_of_the_path()
    {
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"id":"b","cmd":"x"}""")).Is(422).Names("/id", "/g/a");
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"id":"a","cmd":"x","instances":0}""")).Is(201);
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"id":"/g/a","mem":5}""")).Is(200);
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"id":"g/a","mem":6}""")).Is(200);
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"version":"2026-01-01T00:00:00.000Z","mem":6}""")).Is(422)
            .Names("/version", "only be combined");
    }

    [Fact]
    public async Task A_group_and_an_app_cannot_have_one_name()
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a/b","cmd":"x","instances":0}""")).Is(201);
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(422)
            .Names("/id", "same identifier");
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a/b/c","cmd":"x","instances":0}""")).Is(422).Names("/id", "/a/b");
        (await _scheduler.PutAsync("/v2/groups/a/b", """{"apps":[]}""")).Is(422).Names("/id", "same identifier");
    }

    [Fact]
    public async Task A_cycle_of_dependencies_is_named()
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0,"dependencies":["b"]}""")).Is(201);
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/b","cmd":"x","instances":0,"dependencies":["/a"]}""")).Is(422)
            .Names("/dependencies", "/a");
    }
}
