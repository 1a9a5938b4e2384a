using System.Net;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class RecommendationsApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Path = "/v1/recommendations";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        _marathon.Add(App, 2);
    }

    public async ValueTask DisposeAsync()
    {
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task An_app_that_nothing_measures_is_there_with_the_reason()
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        await Eventually.TrueAsync(async () => (await manager.GetAsync(Path)).GetProperty("apps").GetArrayLength() == 1);

        var answer = await manager.GetAsync($"{Path}?app={App}");
        var app = Assert.Single(answer.GetProperty("apps").EnumerateArray().ToList());
        Assert.Equal(App, app.GetProperty("app").GetString());
        Assert.Equal(2, app.GetProperty("instances").GetInt32());
        Assert.Equal("unknown", app.GetProperty("cpus").GetProperty("verdict").GetString());
        Assert.Equal("nothing was measured of it yet", app.GetProperty("advice").GetString());
        Assert.False(app.TryGetProperty("put", out _));
        Assert.Equal(1, answer.GetProperty("totals").GetProperty("apps").GetInt32());
        Assert.Equal(0, answer.GetProperty("totals").GetProperty("known").GetInt32());
        Assert.Equal(0, answer.GetProperty("totals").GetProperty("waste").GetProperty("cpus").GetDouble());
        Assert.Equal(
            "the collector knows no master, whose agents would be asked", answer.GetProperty("problem").GetString());
    }

    [Fact]
    public async Task A_parameter_or_an_app_that_is_not_there_is_refused()
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        await Eventually.TrueAsync(async () => (await manager.GetAsync(Path)).GetProperty("apps").GetArrayLength() == 1);

        var unknown = await manager.GetAsync($"{Path}?apps=/x", HttpStatusCode.BadRequest);
        Assert.Equal("apps", unknown.GetProperty("field").GetString());
        var absent = await manager.GetAsync($"{Path}?app=/x", HttpStatusCode.NotFound);
        Assert.Equal("there is no app '/x'", absent.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_manager_that_stands_by_sends_the_caller_to_the_leader()
    {
        await using var leader = await StartAsync();
        await leader.LeadsAsync();
        await using var standby = await StartAsync();

        using var answer = await standby.Client.GetAsync($"{Path}?app={App}");
        Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
        Assert.Equal($"{leader.Client.BaseAddress}v1/recommendations?app={App}", answer.Headers.Location?.ToString());
    }

    private Task<ManagerUnderTest> StartAsync() =>
        ManagerUnderTest.StartAsync(_marathon.Address, _backend, metrics: null, _rules);
}
