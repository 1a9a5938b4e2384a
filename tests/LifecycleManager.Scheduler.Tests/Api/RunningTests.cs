
namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class RunningTests : IAsyncLifetime
{
    private FakeMaster _master = null!;
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync()
    {
        _master = (await FakeMaster.StartAsync()).WithAgent("a1");
        _scheduler = await SchedulerUnderTest.StartAsync(master: _master.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        await _master.DisposeAsync();
    }

    [Fact]
    public async Task Instances_are_shown_as_json_and_as_text_for_load_balancers()
    {
        await RunAsync(
            """{"id":"/web/shop","cmd":"serve","instances":2,"cpus":0.1,"portDefinitions":[{"port":10100,"name":"http"},{"port":0}]}""", 2);
        await RunAsync("""{"id":"/batch","cmd":"work","instances":1,"cpus":0.1,"portDefinitions":[]}""", 1);

        var tasks = (await _scheduler.GetAsync("/v2/tasks")).Is(200).Json["tasks"]!.AsArray();
        Assert.Equal(3, tasks.Count);
        var task = tasks.First(item => (string)item!["appId"]! == "/web/shop")!;
        Assert.Equal("TASK_RUNNING", (string?)task["state"]);
        Assert.Equal(2, task["ports"]!.AsArray().Count);
        Assert.Equal(10100, (int)task["servicePorts"]![0]!);
        Assert.Empty((await _scheduler.GetAsync("/v2/tasks?status=staging")).Json["tasks"]!.AsArray());
        Assert.Equal(3, (await _scheduler.GetAsync("/v2/tasks?status[]=running")).Json["tasks"]!.AsArray().Count);
        Assert.Equal(2, (await _scheduler.GetAsync("/v2/apps/web/*/tasks")).Is(200).Json["tasks"]!.AsArray().Count);

        var text = (await _scheduler.GetAsync("/v2/tasks", ("Accept", "text/plain"))).Is(200);
        Assert.StartsWith("text/plain", text.Headers["Content-Type"], StringComparison.Ordinal);
        var lines = text.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("batch\t \t", lines[0], StringComparison.Ordinal);
        var ports = (await _scheduler.GetAsync("/v2/apps/web/shop")).Json["app"]!["tasks"]!.AsArray()
            .Select(item => $"{item!["host"]}:{item["ports"]![0]}");
        Assert.Equal($"web_shop\t10100\t{string.Join('\t', ports)}\t", lines[1]);
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public async Task What_is_killed_goes_on_with_its_next_task_and_what_is_wiped_does_not()
    {
        // There is no room for a successor until it has ended.
        await RunAsync("""{"id":"/a","cmd":"serve","instances":1,"cpus":5}""", 1);
        var first = Assert.Single(await IdsAsync());
        Assert.EndsWith("._app.1", first, StringComparison.Ordinal);
        (await _scheduler.DeleteAsync($"/v2/apps/a/tasks/{first}")).Is(200);
        await SettledAsync(first);
        var second = Assert.Single(await IdsAsync());
        Assert.Equal(first[..^1] + "2", second);

        // By the instance's id, too.
        var instance = first[..^"._app.1".Length];
        (await _scheduler.PostAsync("/v2/tasks/delete?wipe=true", $$"""{"ids":["{{instance}}"]}""")).Is(200);
        await SettledAsync(second);
        var third = Assert.Single(await IdsAsync());
        Assert.EndsWith("._app.1", third, StringComparison.Ordinal);
        Assert.NotEqual(first, third);

        Task SettledAsync(string ended) => SchedulerUnderTest.UntilAsync(async () =>
            _scheduler.Service.Snapshot.Deployments.Count == 0 && !(await IdsAsync()).Contains(ended)
            && await RunningAsync() == 1);
    }

    [Fact]
    public async Task Values_of_the_environment_name_ports_where_the_app_asks_for_it()
    {
        const string Env = """{"URL":"http://$HOST:${PORT0}/","PRICE":"$$5","OWN":"$URL"}""";
        await RunAsync($$"""{"id":"/a","cmd":"x","cpus":0.1,"env":{{Env}},"labels":{"lcm.expandEnv":"true"} }""", 1);
        await RunAsync($$"""{"id":"/b","cmd":"x","cpus":0.1,"env":{{Env}} }""", 1);
        var port = _scheduler.Service.Snapshot.Instances.Values.Single(instance => instance.AppId.Path == "/a").Ports[0];
        Assert.Equal($"http://127.0.0.1:{port}/", Value("a.", "URL"));
        Assert.Equal("$5", Value("a.", "PRICE"));
        Assert.Equal("$URL", Value("a.", "OWN"));
        Assert.Equal("http://$HOST:${PORT0}/", Value("b.", "URL"));
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/c","cmd":"x","labels":{"lcm.expandEnv":"yes"}}""")).Is(422)
            .Names("/labels/lcm.expandEnv", "true or false");

        string? Value(string app, string name) => _master.Tasks.Single(task =>
            task.Info.TaskId.Value.StartsWith(app, StringComparison.Ordinal)).Info.Command!.Environment!.Variables
            .Single(variable => variable.Name == name).Value;
    }

    [Fact]
    public async Task Instances_are_killed_by_id_by_host_and_for_good()
    {
        await RunAsync("""{"id":"/a","cmd":"serve","instances":3,"cpus":0.1}""", 3);
        var ids = await IdsAsync();
        var killed = (await _scheduler.DeleteAsync($"/v2/apps/a/tasks/{ids[0]}")).Is(200).Json;
        Assert.Equal(ids[0], (string?)killed["task"]!["id"]);
        await SchedulerUnderTest.UntilAsync(async () => !(await IdsAsync()).Contains(ids[0]) && await RunningAsync() == 3);

        ids = await IdsAsync();
        var scaled = (await _scheduler.PostAsync("/v2/tasks/delete?scale=true", $$"""{"ids":["{{ids[0]}}"]}""")).Is(200);
        Assert.NotNull(scaled.Json["deploymentId"]);
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync() == 2);
        Assert.Equal(2, (int)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["instances"]!);

        (await _scheduler.DeleteAsync("/v2/apps/a/tasks/none")).Is(404);
        (await _scheduler.DeleteAsync("/v2/apps/a/tasks?scale=true&wipe=true")).Is(400);
        Assert.Empty((await _scheduler.DeleteAsync("/v2/apps/a/tasks?host=elsewhere")).Is(200).Json["tasks"]!.AsArray());
        (await _scheduler.PostAsync("/v2/tasks/delete", """{"id":["x"]}""")).Is(422).Names("/id", "did you mean 'ids'?");
        (await _scheduler.PostAsync("/v2/tasks/delete", """{"ids":"x"}""")).Is(422).Names("/ids", "an array");
    }

    [Fact]
    public async Task What_waits_says_why()
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/big","cmd":"serve","instances":1,"cpus":1000}""")).Is(201);
        await SchedulerUnderTest.UntilAsync(async () =>
            (await QueueAsync("")) is { } item && (int)item["processedOffersSummary"]!["unusedOffersCount"]! > 0);

        var item = (await QueueAsync("?embed=lastUnusedOffers"))!;
        Assert.Equal("/big", (string?)item["app"]!["id"]);
        var cpus = item["processedOffersSummary"]!["rejectSummaryLastOffers"]!.AsArray()
            .Single(reason => (string)reason!["reason"]! == "InsufficientCpus")!;
        Assert.Equal(1, (int)cpus["declined"]!);
        Assert.Contains("InsufficientCpus", item["lastUnusedOffers"]![0]!["reason"]!.AsArray().Select(reason => (string)reason!));
        (await _scheduler.DeleteAsync("/v2/queue/big/delay")).Is(204);
        (await _scheduler.DeleteAsync("/v2/queue/small/delay")).Is(404);
    }

    [Fact]
    public async Task A_deployment_is_listed_and_rolled_back()
    {
        await RunAsync("""{"id":"/a","cmd":"serve","instances":1,"cpus":0.1}""", 1);
        var scaling = (await _scheduler.PutAsync("/v2/apps/a", """{"instances":2,"cpus":1000}""")).Is(200);
        var listed = (await _scheduler.GetAsync("/v2/deployments")).Is(200).Json[0]!;
        Assert.Equal((string?)scaling.Json["deploymentId"], (string?)listed["id"]);
        Assert.Equal((1, "RestartApplication"), ((int)listed["currentStep"]!, (string)listed["currentActions"]![0]!["action"]!));
        Assert.Equal("/a", (string?)listed["affectedApps"]![0]);

        var rollback = (await _scheduler.DeleteAsync($"/v2/deployments/{(string)listed["id"]!}")).Is(200).Json;
        Assert.NotEqual((string?)listed["id"], (string?)rollback["deploymentId"]);
        await SchedulerUnderTest.UntilAsync(async () => (await _scheduler.GetAsync("/v2/deployments")).Json.AsArray().Count == 0);
        Assert.Equal(1, (int)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["instances"]!);
        (await _scheduler.DeleteAsync("/v2/deployments/none")).Is(404);

        (await _scheduler.PutAsync("/v2/apps/a", """{"cpus":1000}""")).Is(200);
        var stuck = (string)(await _scheduler.GetAsync("/v2/deployments")).Json[0]!["id"]!;
        (await _scheduler.DeleteAsync($"/v2/deployments/{stuck}?force=true")).Is(202);
        Assert.Empty((await _scheduler.GetAsync("/v2/deployments")).Json.AsArray());
    }

    [Fact]
    public async Task Events_come_as_they_happen_and_only_those_asked_for()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get,
            "/v2/events?event_type=status_update_event&event_type=deployment_success");
        using var answer = await _scheduler.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"serve","instances":1,"cpus":0.1}""")).Is(201);

        var types = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!types.Contains("deployment_success"))
        {
            var line = await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException();
            if (!line.StartsWith("event: ", StringComparison.Ordinal)) continue;
            types.Add(line["event: ".Length..]);
            var data = await reader.ReadLineAsync(patience.Token);
            Assert.Equal(types[^1], (string?)System.Text.Json.Nodes.JsonNode.Parse(data!["data: ".Length..])!["eventType"]);
        }

        Assert.Contains("status_update_event", types);
        Assert.DoesNotContain("api_post_event", types);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("&plan-format=full", true)]
    [InlineData("&plan-format=light", false)]
    public async Task A_plan_has_the_trees_before_and_after_unless_it_is_to_be_light(string format, bool full)
    {
        (await _scheduler.PostAsync("/v2/apps", """{"id":"/g/a","cmd":"serve","instances":0}""")).Is(201);
        using var message = new HttpRequestMessage(HttpMethod.Get, "/v2/events?event_type=deployment_success" + format);
        using var answer = await _scheduler.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await _scheduler.PutAsync("/v2/apps/g/a?force=true", """{"cmd":"serve more"}""")).Is(200);

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        string? Cmd(System.Text.Json.Nodes.JsonNode plan, string tree) => (string?)plan[tree]?["groups"]![0]!["apps"]![0]!["cmd"];
        while (true)
        {
            var line = await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException();
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            var plan = System.Text.Json.Nodes.JsonNode.Parse(line["data: ".Length..])!["plan"]!;
            if (full && Cmd(plan, "target") != "serve more") continue;
            Assert.Equal(full ? ("serve", "serve more") : (null, null), (Cmd(plan, "original"), Cmd(plan, "target")));
            Assert.NotNull(plan["steps"]);
            return;
        }
    }

    [Fact]
    public async Task Refused_changes_and_health_checks_are_events_too()
    {
        (await _scheduler.GetAsync("/v2/events?plan-format=whole")).Is(400);
        using var message = new HttpRequestMessage(HttpMethod.Get, "/v2/events?plan-format=light");
        using var answer = await _scheduler.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        const string App =
            """{"id":"/a","cmd":"serve","cpus":1000,"healthChecks":[{"protocol":"COMMAND","command":{"value":"true"}}]}""";
        (await _scheduler.PostAsync("/v2/apps", App)).Is(201);
        (await _scheduler.PutAsync("/v2/apps/a", """{"instances":2}""")).Is(409);
        (await _scheduler.PutAsync("/v2/apps/a?force=true", """{"healthChecks":[]}""")).Is(200);

        var left = new HashSet<string>(
        [
            "add_health_check_event", "group_change_failed", "deployment_step_failure", "deployment_failed",
            "remove_health_check_event", "group_change_success",
            "deployment_info", "api_post_event",
        ]);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (left.Count > 0)
        {
            var line = await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException();
            if (line.StartsWith("event: ", StringComparison.Ordinal)) left.Remove(line["event: ".Length..]);
        }
    }

    private async Task RunAsync(string app, int count)
    {
        var id = (string)(await _scheduler.PostAsync("/v2/apps", app)).Is(201).Json["id"]!;
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync(id) == count
            && (await _scheduler.GetAsync("/v2/deployments")).Json.AsArray().Count == 0);
    }

    private async Task<int> RunningAsync(string id = "/a") =>
        (int)(await _scheduler.GetAsync("/v2/apps" + id)).Is(200).Json["app"]!["tasksRunning"]!;

    private async Task<List<string>> IdsAsync() =>
        [.. (await _scheduler.GetAsync("/v2/apps/a/tasks")).Is(200).Json["tasks"]!.AsArray()
            .Select(task => (string)task!["id"]!)];

    private async Task<System.Text.Json.Nodes.JsonNode?> QueueAsync(string query) =>
        (await _scheduler.GetAsync("/v2/queue" + query)).Is(200).Json["queue"]!.AsArray().FirstOrDefault();
}
