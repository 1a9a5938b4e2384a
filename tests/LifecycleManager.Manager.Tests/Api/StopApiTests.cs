using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Manager.Api;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Security;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class StopApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private readonly RecordingLog _log = new();
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), TermUnderTest.Search);
        _marathon.Add(App, 2);
        _metrics[App, Tpm] = 15;
    }

    public async ValueTask DisposeAsync()
    {
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Theory]
    [InlineData("/v1/stop", """{"reason":5}""", 400)]
    [InlineData("/v1/stop", """{"raeson":"x"}""", 400)]
    [InlineData("/v1/stop", "[", 400)]
    [InlineData("/v1/start", """{"until":"2h"}""", 400)]
    [InlineData("/v1/stop", null, 400)]
    [InlineData("/v1/stop", "", 413)]
    public async Task A_bad_body_is_refused_and_changes_nothing(string path, string? body, int status)
    {
        await using var manager = await StartAsync();
        body = body switch
        {
            null => $$"""{"reason":"{{new string('x', 501)}}"}""",
            "" => $$"""{"reason":"{{new string('x', 100_000)}}"}""",
            _ => body,
        };
        Assert.Equal(status, (int)(await manager.PostAsync(path, body)).StatusCode);
        Assert.False((await manager.GetAsync("/v1/stop")).GetProperty("stopped").GetBoolean());
    }

    [Fact]
    public async Task A_stop_is_in_force_when_it_is_acknowledged_told_everywhere_and_ended_by_a_start()
    {
        await using var manager = await StartAsync();
        var stop = await PostAsync(manager, "/v1/stop", """{"reason":"an incident"}""");
        Assert.Equal((true, "an incident"), (stop.GetProperty("stopped").GetBoolean(), stop.GetProperty("reason").GetString()));
        Assert.False(stop.TryGetProperty("by", out _));
        Assert.InRange(DateTimeOffset.UtcNow - stop.GetProperty("since").GetDateTimeOffset(), TimeSpan.Zero,
            TimeSpan.FromMinutes(1));
        var message = stop.GetProperty("message").GetString();
        Assert.StartsWith("all changes are stopped by hand at ", message, StringComparison.Ordinal);

        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps[App].Evaluation.Reason
            .Contains("held: stopped by hand at ", StringComparison.Ordinal));
        Assert.Empty(_marathon.Puts);
        var app = await manager.GetAsync($"/v1/apps{App}");
        Assert.Equal((2, "an incident"),
            (app.GetProperty("desired").GetInt32(), app.GetProperty("stopped").GetProperty("reason").GetString()));
        var health = await manager.GetAsync("/health");
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Contains(message, health.GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()));
        Assert.Contains("lcm_manager_stopped 1\n", await manager.Client.GetStringAsync("/metrics"));

        var start = await PostAsync(manager, "/v1/start", "");
        Assert.Equal(["stopped", "message"], start.EnumerateObject().Select(field => field.Name));
        Assert.False(start.GetProperty("stopped").GetBoolean());
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
        Assert.Equal("up", (await manager.GetAsync("/health")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Who_does_not_lead_reads_the_store_sends_to_the_leader_and_heeds_the_stop_once_it_leads()
    {
        var manager = await StartAsync();
        await using var second = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await Eventually.TrueAsync(async () => await second.LeaderNameAsync() is not (null or "none"));
        foreach (var path in new[] { "/v1/stop", "/v1/start" })
        {
            using var sent = await second.PostAsync(path, "");
            Assert.Equal((HttpStatusCode.TemporaryRedirect, new Uri(manager.Client.BaseAddress!, path)),
                (sent.StatusCode, sent.Headers.Location));
        }

        await PostAsync(manager, "/v1/stop", "");
        Assert.True((await second.GetAsync("/v1/stop")).GetProperty("stopped").GetBoolean());
        _metrics[App, Tpm] = 24;
        await manager.DisposeAsync();
        await Eventually.TrueAsync(() => second.State.Snapshot.Apps.GetValueOrDefault(App)?.Evaluation.Reason
            .Contains("held: stopped by hand at ", StringComparison.Ordinal) == true);
        Assert.Empty(_marathon.Puts);
        await PostAsync(second, "/v1/start", "");
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
    }

    [Fact]
    public async Task Who_stops_and_starts_is_in_the_answer_and_in_the_log()
    {
        await using var manager = await StartAsync(Principals.Parse(
            """{"credentials":[{"principal":"alice","secret":"a"},{"principal":"eve","secret":"e","permissions":["view"]}]}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, (await manager.PostAsync("/v1/stop", "")).StatusCode);
        As(manager, "eve:e");
        Assert.Equal(HttpStatusCode.Forbidden, (await manager.PostAsync("/v1/stop", "")).StatusCode);
        As(manager, "alice:a");
        Assert.Equal("alice", (await PostAsync(manager, "/v1/stop", """{"reason":"r1"}""")).GetProperty("by").GetString());
        await PostAsync(manager, "/v1/start", """{"reason":"r2"}""");

        Assert.Contains(_log.Lines, line => line.Contains("alice stops all changes: r1", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("alice starts changes again: r2; they were stopped by alice",
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_policy_that_is_ended_meanwhile_gives_its_counts_back_after_the_start()
    {
        _metrics[App, Tpm] = 24;
        await using var manager = await StartAsync();
        await Eventually.TrueAsync(() => _marathon[App].Owner == "policy search");
        await PostAsync(manager, "/v1/stop", "");
        File.Delete(Path.Combine(_rules, "search.yml"));
        var answer = "";
        await Eventually.TrueAsync(async () =>
        {
            using var ended = await manager.PostAsync("/v1/policies/search/end", "");
            answer = await ended.Content.ReadAsStringAsync();
            return ended.IsSuccessStatusCode;
        });
        Assert.Contains("its counts are given back once changes are started again: all are stopped by hand", answer,
            StringComparison.Ordinal);
        Assert.Equal("policy search", _marathon[App].Owner);

        await PostAsync(manager, "/v1/start", "");
        await Eventually.TrueAsync(() => _marathon[App].Owner is null);
    }

    [Fact]
    public async Task The_document_has_the_fields_of_the_answers()
    {
        await using var manager = await StartAsync();
        var schemas = (await manager.GetAsync("/openapi/manager.json")).GetProperty("components").GetProperty("schemas");
        foreach (var (schema, type) in new[] { ("Stop", typeof(StopAnswer)), ("StopBody", typeof(ReasonBody)) })
        {
            Assert.Equal(
                ManagerJson.Default.GetTypeInfo(type)!.Properties.Select(property => property.Name).Order(),
                schemas.GetProperty(schema).GetProperty("properties").EnumerateObject().Select(field => field.Name).Order());
        }
    }

    private async Task<ManagerUnderTest> StartAsync(Principals? principals = null)
    {
        var manager = await ManagerUnderTest.StartAsync(
            _marathon.Address, _backend, _metrics, _rules,
            options => principals is null ? options : options with { Principals = principals }, log: _log);
        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps.ContainsKey(App));
        return manager;
    }

    private static void As(ManagerUnderTest manager, string who) => manager.Client.DefaultRequestHeaders.Authorization =
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(who)));

    private static async Task<JsonElement> PostAsync(ManagerUnderTest manager, string path, string body)
    {
        using var answer = await manager.PostAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
