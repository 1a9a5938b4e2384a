using System.Net;
using System.Net.Sockets;
using System.Text;
using LifecycleManager.Testing;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>Answers in the form that is asked for, on every route; and bodies that come when they come.</summary>
public sealed class AcceptedMediaTests : IAsyncLifetime
{
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("APPLICATION/JSON; charset=utf-8", true)]
    [InlineData("text/html, */*;q=0.1", true)]
    [InlineData("application/*", true)]
    [InlineData(null, true)]
    [InlineData("text/html", false)]
    [InlineData("application/json;q=0", false)]
    [InlineData("image/png, text/css", false)]
    public async Task Every_route_answers_who_takes_its_form_and_tells_all_others_which_it_has(string? accept, bool takes)
    {
        (string, string)[] headers = accept is null ? [] : [("Accept", accept)];
        foreach (var operation in _scheduler.Operations.Where(one => one.Reads && one.Media.Contains("application/json")
            && !one.Path.Contains('{', StringComparison.Ordinal)))
        {
            var answer = await _scheduler.SendAsync(operation.Method, operation.Path, null, headers);
            if (takes || operation.Media.Contains(accept)) Assert.NotEqual(HttpStatusCode.NotAcceptable, answer.Status);
            else
            {
                answer.Is(406);
                if (operation.Method != "HEAD")
                    Assert.Contains("application/json", (string?)answer.Json["message"], StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Who_takes_another_form_changes_nothing()
    {
        (await _scheduler.SendAsync("POST", "/v2/apps", """{"id":"/a","cmd":"x","instances":0}""", ("Accept", "text/html")))
            .Is(406);
        (await _scheduler.GetAsync("/v2/apps/a")).Is(404);
    }

    [Fact]
    public async Task Metrics_are_in_marathons_form_for_who_asks_for_json()
    {
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"cmd":"x","instances":0}""")).Is(201);
        var json = (await _scheduler.GetAsync("/metrics", ("Accept", "application/json"))).Is(200).Json;
        foreach (var section in new[] { "counters", "gauges", "histograms", "meters", "timers" }) Assert.NotNull(json[section]);
        Assert.Equal("4.0.0", (string?)json["version"]);
        Assert.Equal(1, (int)json["gauges"]!["marathon.apps.active.gauge"]!["value"]!);
        Assert.Equal(2, (int)json["gauges"]!["marathon.groups.active.gauge"]!["value"]!);
        Assert.Equal(1, (int)json["gauges"]!["service.mesosphere.marathon.app.count"]!["value"]!);
        Assert.Equal(1, (int)json["gauges"]!["lcm_scheduler_leading"]!["value"]!);
        var refused = json["counters"]!.AsObject().Where(counter =>
            counter.Key.StartsWith("lcm_calls_refused_total{cause=", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, counter => Assert.Equal(0, (int)counter.Value!["count"]!));
        Assert.True((long)json["histograms"]!["lcm_scheduler_store_write_seconds"]!["count"]! > 0);

        foreach (var accept in new[] { "text/plain", "*/*", "application/openmetrics-text,text/plain;q=0.5,*/*;q=0.1" })
        {
            var text = await _scheduler.GetAsync("/metrics", ("Accept", accept));
            Assert.Contains("lcm_scheduler_leading 1", text.Is(200).Text, StringComparison.Ordinal);
        }
    }

    /// <summary>Nothing reads a body on while a refusal is written: the connection lives on.</summary>
    [Theory]
    [InlineData("DELETE /v2/pods/p::instances?scale=true&wipe=true", 400)]
    [InlineData("DELETE /v2/pods/p::instances", 404)]
    [InlineData("POST /v2/tasks/delete?scale=true&wipe=true", 400)]
    [InlineData("POST /v2/nowhere", 404)]
    public async Task A_request_whose_body_comes_late_is_answered_on_a_connection_that_lives_on(string request, int status)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _scheduler.Url.Port);
        await using var stream = client.GetStream();
        const string Body = """["p.instance-1"]""";
        for (var round = 0; round < 3; round++)
        {
            await WriteAsync($"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {Body.Length}\r\n\r\n");
            await Task.Yield();
            await WriteAsync(Body);
            await WriteAsync("GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
            var answers = await ReadUntilAsync("pong");
            Assert.StartsWith($"HTTP/1.1 {status} ", answers, StringComparison.Ordinal);
        }

        Task WriteAsync(string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask();

        async Task<string> ReadUntilAsync(string end)
        {
            var (text, buffer) = (new StringBuilder(), new byte[4096]);
            while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
            {
                var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromMinutes(1));
                Assert.True(read > 0, $"the connection ended after: {text}");
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            return text.ToString();
        }
    }

    [Fact]
    public async Task An_app_is_deleted_while_it_deploys_and_the_groups_versions_are_those_that_it_was_there_in()
    {
        (await _scheduler.PutAsync("/v2/apps/early", """{"cmd":"x","instances":0}""")).Is(201);
        var before = DateTimeOffset.UtcNow.AddHours(-1);
        (await _scheduler.PutAsync("/v2/groups/g", """{"groups":[{"id":"empty"}]}""")).Is(200);
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"cmd":"x"}""")).Is(201);

        // It waits for an offer that never comes, and so does its deployment.
        (await _scheduler.PutAsync("/v2/apps/g/a", """{"cmd":"y"}""")).Is(409);
        (await _scheduler.DeleteAsync("/v2/apps/g/a?force=false")).Is(409);
        (await _scheduler.DeleteAsync("/v2/apps/g/a")).Is(200);
        await Eventually.TrueAsync(async () => (int)(await _scheduler.GetAsync("/v2/apps/g/a")).Status == 404);

        var all = (await _scheduler.GetAsync("/v2/groups/versions")).Is(200).Json.AsArray().Count;
        var group = (await _scheduler.GetAsync("/v2/groups/g")).Is(200).Json;
        var versions = (await _scheduler.GetAsync("/v2/groups/g/versions")).Is(200).Json.AsArray();
        Assert.Equal(3, versions.Count);
        Assert.Equal(4, all);
        Assert.Equal((string?)group["version"], (string?)versions[0]);
        foreach (var version in versions) (await _scheduler.GetAsync($"/v2/groups/g/versions/{version}")).Is(200);
        Assert.True(DateTimeOffset.Parse((string)group["groups"]![0]!["version"]!, null) > before);
        Assert.True(DateTimeOffset.Parse((string)(await _scheduler.GetAsync("/v2/groups")).Json["version"]!, null) > before);
    }

    [Fact]
    public async Task A_tree_that_nobody_has_changed_is_of_its_own_time() => Assert.True(DateTimeOffset.Parse(
        (string)(await _scheduler.GetAsync("/v2/groups")).Is(200).Json["version"]!, null) > DateTimeOffset.UtcNow.AddHours(-1));

    [Fact]
    public async Task Roles_that_count_for_nothing_are_taken_and_told()
    {
        var made = await _scheduler.PostAsync(
            "/v2/apps", """{"id":"/a","cmd":"x","instances":0,"acceptedResourceRoles":["slave_public"]}""");
        Assert.Contains("slave_public", made.Is(201).Headers["Warning"], StringComparison.Ordinal);
        (await _scheduler.PostAsync("/v2/pods", """
            {"id":"/p","scaling":{"kind":"Fixed","instances":0},"scheduling":{"placement":{"acceptedResourceRoles":[]}},
             "containers":[{"name":"c","exec":{"command":{"shell":"x"}},"endpoints":[{"name":"e","protocol":["http"]}]}]}
            """)).Is(201);
        var pod = (await _scheduler.GetAsync("/v2/pods/p")).Json;
        Assert.Equal("http", (string?)pod["containers"]![0]!["endpoints"]![0]!["protocol"]![0]);
        (await _scheduler.PutAsync("/v2/pods/p", pod.ToJsonString())).Is(200);
    }

    [Theory]
    [InlineData("""{"key":"no-such","value":"1"}""", "/container/docker/parameters(0)/key", "not known")]
    [InlineData("""{"key":"memory","value":"much"}""", "/container/docker/parameters(0)/value", "not a size")]
    public async Task Dockers_parameters_are_judged_when_they_are_posted(string parameter, string path, string words) =>
        (await _scheduler.PostAsync("/v2/apps",
            $$"""{"id":"/a","container":{"docker":{"image":"i","parameters":[{{parameter}}]} } }""")).Is(422).Names(path, words);
}
