using System.Net;
using System.Text.Json;
using LifecycleManager.Manager.Api;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class OverridesApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Path = $"/v1/apps{App}/override";
    private const string Tpm = "gauge.servo.tpm";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await WriteAsync(TermUnderTest.Search);
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
    [InlineData("""{"instances":4}""", "until")]
    [InlineData("""{"until":"2h"}""", "instances")]
    [InlineData("""{"instances":-1,"until":"2h"}""", "instances")]
    [InlineData("""{"instances":1000001,"until":"2h"}""", "instances")]
    [InlineData("""{"instances":4,"until":"soon"}""", "until")]
    [InlineData("""{"instances":4,"until":"0"}""", "until")]
    [InlineData("""{"instances":4,"until":"367d"}""", "until")]
    [InlineData("""{"instances":4,"until":"2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"instances":4,"until":"9999-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"instances":4.5,"until":"2h"}""", "$.instances")]
    [InlineData("""{"instances":4,"untill":"2h"}""", "$")]
    [InlineData("""[""", "$")]
    public async Task A_bad_override_is_refused_by_its_field(string body, string field)
    {
        await using var manager = await StartAsync();
        var answer = await manager.PostAsync(Path, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.StartsWith(field, json.RootElement.GetProperty("field").GetString(), StringComparison.Ordinal);
        Assert.Empty((await manager.GetAsync("/v1/overrides")).GetProperty("overrides").EnumerateArray());
    }

    [Theory]
    [InlineData("2h")]
    [InlineData("instant")]
    public async Task An_override_is_set_shown_everywhere_and_lifted(string until)
    {
        await using var manager = await StartAsync();
        if (until == "instant") until = DateTimeOffset.UtcNow.AddHours(2).ToString("O");
        Assert.Equal(HttpStatusCode.OK,
            (await manager.PostAsync(Path, $$"""{"instances":12,"until":"{{until}}","reason":"a sale"}""")).StatusCode);
        await Eventually.TrueAsync(() => _marathon[App].Instances == 12);

        var entry = await manager.GetAsync(Path);
        Assert.Equal((12, "a sale"), (entry.GetProperty("instances").GetInt32(), entry.GetProperty("reason").GetString()));
        Assert.InRange(entry.GetProperty("until").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromHours(1.9),
            TimeSpan.FromHours(2));
        Assert.Single((await manager.GetAsync("/v1/overrides")).GetProperty("overrides").EnumerateArray());
        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps[App].Instances == 12);
        var app = await manager.GetAsync($"/v1/apps{App}");
        Assert.Equal((12, 12), (app.GetProperty("override").GetProperty("instances").GetInt32(),
            app.GetProperty("desired").GetInt32()));
        var explained = await manager.GetAsync($"/v1/apps{App}/explain");
        Assert.Contains("overridden by hand", explained.GetProperty("summary").GetString(), StringComparison.Ordinal);
        var decision = (await manager.GetAsync("/v1/decisions?kind=scaleOut")).GetProperty("decisions")[0];
        Assert.Equal("override", decision.GetProperty("adjustments")[0].GetProperty("by").GetString());

        // Another manager reads the store, and sends whoever changes anything to the leader.
        await using var second = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await Eventually.TrueAsync(async () => await second.LeaderNameAsync() is not (null or "none"));
        Assert.Equal(12, (await second.GetAsync(Path)).GetProperty("instances").GetInt32());
        Assert.Equal(HttpStatusCode.TemporaryRedirect,
            (await second.PostAsync(Path, """{"instances":1,"until":"2h"}""")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await manager.Client.DeleteAsync(Path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await manager.Client.DeleteAsync(Path)).StatusCode);
        await manager.GetAsync(Path, HttpStatusCode.NotFound);
        await Eventually.TrueAsync(() => _marathon[App].Instances < 11);
    }

    [Fact]
    public async Task What_no_policy_governs_or_one_only_watches_is_not_overridden()
    {
        await using var manager = await StartAsync();
        const string Body = """{"instances":4,"until":"2h"}""";
        Assert.Equal(HttpStatusCode.NotFound, (await manager.PostAsync("/v1/apps/other/override", Body)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await manager.PostAsync($"/v1/apps{App}", Body)).StatusCode);
        await WriteAsync(TermUnderTest.Search + "\ndryRun: true");
        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps.GetValueOrDefault(App)?.Evaluation.DryRun == true);
        Assert.Equal(HttpStatusCode.Conflict, (await manager.PostAsync(Path, Body)).StatusCode);
    }

    [Fact]
    public async Task A_policy_whose_file_is_gone_stays_until_it_is_ended_by_name()
    {
        _metrics[App, Tpm] = 24;
        await using var manager = await StartAsync();
        await Eventually.TrueAsync(() => _marathon[App].Owner == "policy search");
        _metrics[App, Tpm] = 25;
        Assert.Equal(HttpStatusCode.Conflict, (await EndAsync(manager, "search")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await EndAsync(manager, "another")).StatusCode);

        File.Delete(System.IO.Path.Combine(_rules, "search.yml"));
        await Eventually.TrueAsync(async () =>
            (await manager.GetAsync("/v1/policies")).GetProperty("policies")[0].GetProperty("state").GetString() == "fileGone");
        var policies = await manager.GetAsync("/v1/policies");
        Assert.Equal("gone", policies.GetProperty("files")[0].GetProperty("state").GetString());
        var health = await manager.GetAsync("/health");
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Contains(
            "policies in force whose files are gone: 1: search; put the files back, or end a policy by 'lcm policy end NAME'",
            health.GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()));
        Assert.Equal("policy search", _marathon[App].Owner);

        Assert.Equal(HttpStatusCode.OK, (await EndAsync(manager, "search")).StatusCode);
        Assert.Empty((await manager.GetAsync("/v1/policies")).GetProperty("policies").EnumerateArray());
        await Eventually.TrueAsync(() => _marathon[App].Owner is null);

        await WriteAsync(TermUnderTest.Search.Replace("tpm > 10", "tpm > 5"));
        await Eventually.TrueAsync(() => _marathon[App].Owner == "policy search");
    }

    [Fact]
    public async Task A_manager_that_starts_without_its_files_gives_nothing_back_until_it_is_told_to()
    {
        _marathon[App].Owner = "policy search";
        File.Delete(System.IO.Path.Combine(_rules, "search.yml"));
        await using var manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await Eventually.TrueAsync(() => manager.State.Term?.UnknownOwners.Count > 0);
        Assert.Contains(
            "counts that are owned by policies which are not known, since not all policy files can be read: policy search",
            (await manager.GetAsync("/health")).GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()));
        Assert.Empty(_marathon.Puts);

        Assert.Equal(HttpStatusCode.OK, (await EndAsync(manager, "search")).StatusCode);
        await Eventually.TrueAsync(() => _marathon[App].Owner is null);
    }

    private async Task<ManagerUnderTest> StartAsync()
    {
        var manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps.ContainsKey(App));
        return manager;
    }

    private static Task<HttpResponseMessage> EndAsync(ManagerUnderTest manager, string policy) =>
        manager.PostAsync($"/v1/policies/{policy}/end", "");

    private Task WriteAsync(string text) => File.WriteAllTextAsync(System.IO.Path.Combine(_rules, "search.yml"), text);
}
