using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>What clients of other makes need to go on: their own requests, recorded, and the forms that they read.</summary>
public sealed class ClientsTests : IAsyncLifetime
{
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    public static TheoryData<string> Updates() => [.. File.ReadLines(
        Path.Combine(Repository.Root, "tests/LifecycleManager.Scheduler.Tests/Api/Recorded/updates.jsonl"))];

    /// <summary>Read, change, write: definitions come back with all that an answer had, tasks and deployments included.</summary>
    [Theory]
    [MemberData(nameof(Updates))]
    public async Task A_recorded_update_is_taken_and_taken_again_changes_nothing(string line)
    {
        var update = JsonNode.Parse(line)!["update"]!.AsObject();
        (await _scheduler.PutAsync("/v2/apps/web", """{"cmd":"sleep 1","instances":0}""")).Is(201);
        update["id"] = "/web";
        update["instances"] = 0;
        (await _scheduler.PutAsync("/v2/apps/web?force=true", update.ToJsonString())).Is(200);
        var once = (await _scheduler.GetAsync("/v2/apps/web")).Json["app"]!;
        Assert.Equal((string?)update["cmd"], (string?)once["cmd"]);

        (await _scheduler.PutAsync("/v2/apps/web?force=true", update.ToJsonString())).Is(200);
        Assert.Equal((string?)once["version"], (string?)(await _scheduler.GetAsync("/v2/apps/web")).Json["app"]!["version"]);
    }

    [Theory]
    [InlineData("""{"cmd":"sleep 2","tasks":[{"healthCheckResults":[{"alive":true,"taskId":"x","unheardOf":{}}]}]}""")]
    [InlineData("""{"cmd":"sleep 2","deployments":[{"id":"x","affectedApps":["/f/a"],"steps":[]}],"lastTaskFailure":"?"}""")]
    [InlineData("""{"cmd":"sleep 2","storeUrls":[],"taskRateLimit":null,"neverHeardOf":null}""")]
    [InlineData("""{"cmd":"sleep 2","version":"2017-01-01T00:00:00.000Z","versionInfo":{"lastScalingAt":5}}""")]
    public async Task What_only_answers_have_and_what_says_nothing_is_passed_over(string update)
    {
        (await _scheduler.PutAsync("/v2/apps/web", """{"cmd":"sleep 1","instances":0}""")).Is(201);
        (await _scheduler.PutAsync("/v2/apps/web?force=true", update)).Is(200);
        Assert.Equal("sleep 2", (string?)(await _scheduler.GetAsync("/v2/apps/web")).Json["app"]!["cmd"]);
    }

    [Theory]
    [InlineData("""{"cmd":"x","storeUrls":["http://a/b.tgz"]}""", "/storeUrls", "name the files in 'fetch'")]
    [InlineData("""{"cmd":"x","taskRateLimit":1.0}""", "/taskRateLimit", "backoffSeconds")]
    [InlineData("""{"cmd":"x","taskRunning":1}""", "/taskRunning", "not a known field")]
    [InlineData("""{"instances":3,"version":"2017-01-01T00:00:00.000Z"}""", "/version", "only be combined with the 'id'")]
    public async Task What_says_something_that_is_not_carried_out_is_refused(string update, string path, string words)
    {
        (await _scheduler.PutAsync("/v2/apps/web", """{"cmd":"sleep 1","instances":0}""")).Is(201);
        (await _scheduler.PutAsync("/v2/apps/web?force=true", update)).Is(422).Names(path, words);
    }

    [Theory]
    [InlineData("application/json", "\"pong\"", "application/json")]
    [InlineData("text/plain;q=0.5, application/json", "\"pong\"", "application/json")]
    [InlineData("text/plain, application/json;q=0.9", "pong", "text/plain")]
    [InlineData("*/*", "pong", "text/plain")]
    [InlineData(null, "pong", "text/plain")]
    public async Task Ping_answers_in_the_form_that_is_asked_for(string? accept, string text, string media)
    {
        var answer = await _scheduler.GetAsync("/ping", accept is null ? [] : [("Accept", accept)]);
        Assert.Equal(text, answer.Is(200).Text);
        Assert.StartsWith(media, answer.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patch_makes_no_app()
    {
        (await _scheduler.PatchAsync("/v2/apps/nothing", """{"cmd":"sleep 1","instances":0}""")).Is(404);
        (await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"sleep 1","instances":0}""")).Is(201);
        (await _scheduler.PatchAsync("/v2/apps", """[{"id":"/a","cmd":"x"},{"id":"/nothing","cmd":"sleep 1"}]""")).Is(404);
        Assert.Equal("sleep 1", (string?)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["cmd"]);
        (await _scheduler.GetAsync("/v2/apps/nothing")).Is(404);
    }

    [Fact]
    public async Task A_rebalance_of_nothing_is_no_deployment() =>
        Assert.Null((await _scheduler.PostAsync("/v2/rebalance", """{"ids":[]}""")).Is(200).Json["deploymentId"]);

    [Fact]
    public async Task What_clients_ask_of_a_server_is_there()
    {
        Assert.Empty((await _scheduler.GetAsync("/v2/plugins")).Is(200).Json["plugins"]!.AsArray());
        Assert.NotNull((await _scheduler.GetAsync("/v2/info")).Is(200).Json["zookeeper_config"]);
    }

    [Fact]
    public async Task The_lines_of_events_end_as_marathons_do()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "/v2/events?event_type=api_post_event");
        using var answer = await _scheduler.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        (await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"sleep 1","instances":0}""")).Is(201);
        var text = "";
        var buffer = new byte[4096];
        while (!text.Contains("api_post_event", StringComparison.Ordinal) || !text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
            text += System.Text.Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer));
        Assert.Contains("\r\nevent: api_post_event\r\ndata: {", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
    }
}
