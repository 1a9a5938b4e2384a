using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class AnnotationsApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
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
        _marathon.Add(App, 2);
        _manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await _manager.LeadsAsync();
        _metrics[App, "gauge.servo.tpm"] = 24;
        await Eventually.TrueAsync(() => _manager.State.Term!.Archive.LastChange(App)?.To == 3);
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task A_change_is_a_mark_at_its_time_and_holds_are_none()
    {
        var change = _manager.State.Term!.Archive.LastChange(App)!;
        var one = Assert.Single((await _manager.GetAsync("/v1/annotations")).EnumerateArray());
        Assert.Equal(change.At.ToUnixTimeMilliseconds(), one.GetProperty("time").GetInt64());
        Assert.Equal(change.OutcomeAt!.Value.ToUnixTimeMilliseconds(), one.GetProperty("timeEnd").GetInt64());
        Assert.Equal($"{App} 2 → 3", one.GetProperty("title").GetString());
        Assert.Contains("is scaled from 2 to 3: ", one.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal([App, "search", "scaleOut", "applied"],
            one.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));

        var at = change.At.ToUnixTimeMilliseconds();
        Assert.Equal(1, await CountAsync($"from={at}&to={at + 1}&app={App}&policy=search"));
        Assert.Equal(0, await CountAsync($"from={at + 1}"));
        Assert.Equal(0, await CountAsync($"to={at}"));
        Assert.Equal(0, await CountAsync("app=/other"));
        Assert.Equal(1, await CountAsync("from=2020-01-01T00:00:00Z&to=2199-01-01T00:00:00Z"));

        async Task<int> CountAsync(string query) => (await _manager.GetAsync($"/v1/annotations?{query}")).GetArrayLength();
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("brownfield/search", 1)]
    [InlineData("/other", 0)]
    public async Task The_simple_JSON_protocol_asks_by_a_body(string query, int marks)
    {
        var now = DateTimeOffset.UtcNow;
        using var answer = await _manager.PostAsync("/v1/annotations", $$"""
            {
              "range": { "from": "{{now.AddHours(-1):O}}", "to": "{{now.AddHours(1):O}}", "raw": { "from": "now-1h" } },
              "annotation": { "name": "Decisions", "enable": true, "query": "{{query}}" },
              "rangeRaw": {}
            }
            """);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(marks, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetArrayLength());
    }

    [Theory]
    [InlineData("from=then", "from")]
    [InlineData("to=99999999999999999", "to")]
    [InlineData("colour=red", "colour")]
    public async Task What_is_wrong_is_named(string query, string field) => Assert.Equal(
        field, (await _manager.GetAsync($"/v1/annotations?{query}", HttpStatusCode.BadRequest)).GetProperty("field").GetString());
}
