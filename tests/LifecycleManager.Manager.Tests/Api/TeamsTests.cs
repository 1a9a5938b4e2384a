using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Security;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

/// <summary>Teams at a manager: what they see, hold and override is of their apps.</summary>
public sealed class TeamsTests : IAsyncLifetime
{
    private const string Mine = "/brownfield/search";
    private const string Others = "/other/db";

    private static readonly Principals Known = Principals.Parse("""
        {"credentials": [
          {"principal": "ops", "secret": "s", "permissions": ["operate"]},
          {"principal": "scaler", "secret": "s", "groups": {"/brownfield/**": ["scale"]}},
          {"principal": "viewer", "secret": "s", "groups": {"/brownfield/**": ["view"]}}
        ]}
        """);

    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;
    private ManagerUnderTest _manager = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), TermUnderTest.Search);
        await File.WriteAllTextAsync(Path.Combine(_rules, "db.yml"), TermUnderTest.Search
            .Replace("policy: search", "policy: db", StringComparison.Ordinal).Replace(Mine, Others, StringComparison.Ordinal));
        foreach (var app in (string[])[Mine, Others])
        {
            _marathon.Add(app, 2);
            _metrics[app, "gauge.servo.tpm"] = 25;
        }

        _manager = await ManagerUnderTest.StartAsync(
            _marathon.Address, _backend, _metrics, _rules, options => options with { Principals = Known });
        await Eventually.TrueAsync(() => _manager.State.Snapshot.Apps.Count == 2);
        await Eventually.TrueAsync(async () =>
            (await ListAsync("ops", "/v1/decisions", "decisions", "app")).Distinct().Count() == 2);
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Theory]
    [InlineData("GET", "/v1/apps/brownfield/search", null, 200, 200)]
    [InlineData("GET", "/v1/apps/other/db", null, 404, 404)]
    [InlineData("GET", "/v1/apps/brownfield/search/explain", null, 200, 200)]
    [InlineData("GET", "/v1/apps/other/db/explain", null, 404, 404)]
    [InlineData("GET", "/v1/apps/other/db/override", null, 404, 404)]
    [InlineData("POST", "/v1/apps/brownfield/search/override", """{"instances": 3, "until": "2h"}""", 200, 403)]
    [InlineData("POST", "/v1/apps/other/db/override", """{"instances": 3, "until": "2h"}""", 403, 403)]
    [InlineData("POST", "/v1/apps/other/none/override", """{"instances": 3, "until": "2h"}""", 403, 403)]
    [InlineData("POST", "/v1/apps/other/db/override", "[", 403, 403)]
    [InlineData("DELETE", "/v1/apps/brownfield/search/override", null, 404, 403)]
    [InlineData("DELETE", "/v1/apps/other/db/override", null, 403, 403)]
    [InlineData("POST", "/v1/pause", """{"app": "/brownfield/search"}""", 200, 403)]
    [InlineData("POST", "/v1/pause", """{"app": "/other/db"}""", 403, 403)]
    [InlineData("POST", "/v1/pause", "{}", 403, 403)]
    [InlineData("POST", "/v1/resume", """{"app": "/other/db"}""", 403, 403)]
    [InlineData("POST", "/v1/resume", "{}", 403, 403)]
    [InlineData("GET", "/v1/stop", null, 200, 200)]
    [InlineData("POST", "/v1/stop", "{}", 403, 403)]
    [InlineData("POST", "/v1/start", "{}", 403, 403)]
    [InlineData("GET", "/v1/schedules", null, 403, 403)]
    [InlineData("POST", "/v1/schedules", "x", 403, 403)]
    [InlineData("GET", "/v1/audit", null, 403, 403)]
    [InlineData("GET", "/v1/annotations", null, 403, 403)]
    [InlineData("GET", "/v1/targets", null, 403, 403)]
    [InlineData("POST", "/v1/samples", "{}", 403, 403)]
    [InlineData("POST", "/v1/policies/search/end", null, 403, 403)]
    [InlineData("POST", "/v1/policies/check", "{}", 403, 403)]
    [InlineData("GET", "/v1/policies/files", null, 403, 403)]
    [InlineData("GET", "/v1/policies/files/search.yml", null, 403, 403)]
    [InlineData("PUT", "/v1/policies/files/search.yml", "x", 403, 403)]
    [InlineData("GET", "/metrics", null, 403, 403)]
    [InlineData("GET", "/openapi.json", null, 200, 200)]
    public async Task A_team_gets_what_it_may(string method, string path, string? body, int scaler, int viewer)
    {
        Assert.Equal((HttpStatusCode)viewer, (await AskAsync("viewer", method, path, body)).Status);
        Assert.Equal((HttpStatusCode)scaler, (await AskAsync("scaler", method, path, body)).Status);
    }

    [Fact]
    public async Task Lists_show_what_may_be_seen()
    {
        foreach (var app in (string[])[Mine, Others])
        {
            Assert.Equal(HttpStatusCode.OK,
                (await AskAsync("ops", "POST", $"/v1/apps{app}/override", """{"instances": 3, "until": "2h"}""")).Status);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync("ops", "POST", "/v1/pause", $$"""{"app": "{{app}}"}""")).Status);
        }

        await Eventually.TrueAsync(async () => (await ListAsync("ops", "/v1/recommendations", "apps", "app")).Count == 2);
        foreach (var (path, list, field) in ((string, string, string)[])
            [("/v1/apps", "apps", "app"), ("/v1/overrides", "overrides", "app"), ("/v1/pauses", "pauses", "app"),
            ("/v1/decisions", "decisions", "app"), ("/v1/decisions?limit=1", "decisions", "app"),
            ("/v1/recommendations", "apps", "app"), ("/v1/policies", "policies", "app")])
        {
            Assert.Equal([Mine], (await ListAsync("viewer", path, list, field)).Distinct());
            Assert.DoesNotContain("other", (await AskAsync("viewer", "GET", path)).Text, StringComparison.Ordinal);
            if (!path.Contains("limit", StringComparison.Ordinal))
                Assert.Equal([Mine, Others],
                    (await ListAsync("ops", path, list, field)).Distinct().Order(StringComparer.Ordinal));
        }

        Assert.Empty(await ListAsync("viewer", "/v1/decisions?app=" + Others, "decisions", "app"));
        Assert.Empty(await ListAsync("viewer", "/v1/decisions?policy=db", "decisions", "app"));
        var history = (await AskAsync("viewer", "GET", "/v1/history")).Text;
        Assert.DoesNotContain("other", history, StringComparison.Ordinal);
        Assert.DoesNotContain("25", (await AskAsync("viewer", "GET", "/v1/history?app=" + Others)).Text,
            StringComparison.Ordinal);
        var hidden = (await AskAsync("ops", "GET", "/v1/decisions?app=" + Others)).Json.GetProperty("decisions")[0]
            .GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("viewer", "GET", "/v1/decisions/" + hidden)).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("ops", "GET", "/v1/decisions/" + hidden)).Status);
    }

    [Fact]
    public async Task The_stream_has_the_decisions_of_what_may_be_seen()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/decisions/stream")
        {
            Headers = { Authorization = new Credential("viewer", "s").Header },
        };
        request.Headers.Add("Last-Event-ID", "0");
        using var answer = await _manager.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        _metrics[Others, "gauge.servo.tpm"] = 95;
        await Eventually.TrueAsync(() => _marathon[Others].Instances > 4);
        _metrics[Mine, "gauge.servo.tpm"] = 95;
        var read = new StringBuilder();
        while (read.ToString().Split("event: decision").Length < 4)
            read.AppendLine(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Contains(Mine, read.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("other", read.ToString(), StringComparison.Ordinal);
    }

    private async Task<List<string?>> ListAsync(string who, string path, string list, string field)
    {
        var (status, text, json) = await AskAsync(who, "GET", path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status}: {text}");
        return [.. json.GetProperty(list).EnumerateArray().Select(item => item.GetProperty(field).GetString())];
    }

    private async Task<(HttpStatusCode Status, string Text, JsonElement Json)> AskAsync(
        string who, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Headers = { Authorization = new Credential(who, "s").Header },
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var answer = await _manager.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, text, text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : default);
    }
}
