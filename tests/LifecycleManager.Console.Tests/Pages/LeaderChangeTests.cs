using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Of two real schedulers the leader is killed while people type, behind a real balancer and at the standby.</summary>
public sealed class LeaderChangeTests(Chromium browser) : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-leaders-").FullName;
    private readonly List<LcmProcess> _schedulers = [];
    private readonly HttpClient _http = new();
    private readonly Uri _leader = Address();
    private readonly Uri _standby = Address();
    private PostgresProcess _postgres = null!;
    private HaproxyProcess _balancer = null!;

    public async ValueTask InitializeAsync()
    {
        _balancer = new HaproxyProcess(_leader, _standby);
        _postgres = await new PostgresProcess().CreateAsync();
        await _postgres.StartAsync();
        await StartAsync(_leader);
        await StartAsync(_standby);
        foreach (var name in (string[])["typed", "watched"])
        {
            using var put = await _http.PutAsJsonAsync(new Uri(_leader, $"/v2/apps/{name}"),
                new { id = $"/{name}", cmd = "x", instances = 0 });
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        }

        await _balancer.StartAsync();
    }

    [Fact]
    public async Task What_is_typed_outlives_the_leader_and_is_sent_to_the_next_one()
    {
        await using var balanced = await browser.OpenAsync(new Uri(_balancer.Address, "/ui/apps/typed"));
        await using var direct = await browser.OpenAsync(new Uri(_standby, "/ui/apps/watched"));
        await balanced.Page.GetByLabel("Scale to").FillAsync("17");
        await direct.Page.GetByLabel("Scale to").FillAsync("5");

        await balanced.Page.EvaluateAsync("() => { window.isOld = true; }");
        var killed = Stopwatch.GetTimestamp();
        await _schedulers[0].KillAsync();

        // The page that the leader served is served by the other one, with what was typed.
        await balanced.Page.WaitForFunctionAsync("() => !window.isOld");
        await balanced.LiveAsync();
        await Assertions.Expect(balanced.Page.GetByLabel("Scale to")).ToHaveValueAsync("17");
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"back {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s after the kill");
        await Eventually.TrueAsync(async () => await LeaderAsync(_standby) == _standby.Authority, "another leader",
            more: () => _schedulers[1].Output);
        await ScaleAsync(balanced, "17", "/typed");
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"done by the next leader {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s after the kill");

        // A page of that one has never been away.
        await ScaleAsync(direct, "5", "/watched");

        // And what another does at the new leader is seen.
        using var put = await _http.PutAsJsonAsync(new Uri(_standby, "/v2/apps/watched?force=true"), new { instances = 8 });
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await Assertions.Expect(direct.Page.GetByText("0 / 8").First).ToBeVisibleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null) await _balancer.DisposeAsync();
        foreach (var scheduler in _schedulers) await scheduler.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task ScaleAsync(OpenPage open, string count, string app)
    {
        await Assertions.Expect(open.Page.GetByLabel("Scale to")).ToHaveValueAsync(count);
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).PressAsync("Enter");
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Scale" }).PressAsync("Enter");
        await Eventually.TrueAsync(
            async () => (await _http.GetFromJsonAsync<JsonElement>(new Uri(_standby, "/v2/apps" + app)))
                .GetProperty("app").GetProperty("instances").GetRawText() == count, $"{count} instances of {app}",
            more: () => _schedulers[1].Output);
    }

    /// <summary>Starts a scheduler, and waits until the first of all leads.</summary>
    private async Task StartAsync(Uri address)
    {
        var scheduler = LcmProcess.Start(_directory, ["scheduler", "--port", $"{address.Port}", "--master", "http://127.0.0.1:9",
            "--state", _postgres.StateAddress("lcm"), "--work-dir", Path.Combine(_directory, $"{address.Port}")]);
        _schedulers.Add(scheduler);
        await Eventually.TrueAsync(async () =>
        {
            if (scheduler.HasExited) Assert.Fail("lcm ended:\n" + scheduler.Output);
            return await LeaderAsync(address) == _leader.Authority;
        }, "a leader", more: () => scheduler.Output);
    }

    private async Task<string?> LeaderAsync(Uri scheduler)
    {
        try
        {
            var answer = await _http.GetFromJsonAsync<JsonElement>(new Uri(scheduler, "/v2/leader"));
            return answer.GetProperty("leader").GetString();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static Uri Address() => new($"http://127.0.0.1:{Server.FreePort()}");
}
