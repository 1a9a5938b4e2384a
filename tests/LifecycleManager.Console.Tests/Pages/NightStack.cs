using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Testing;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>One stack of real roles for all tasks of a night, two agents and a policy among them.</summary>
public sealed class NightStack : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-night-").FullName;
    private readonly int _port = Server.FreePort();
    private LcmProcess? _lcm;
    private HttpClient _scheduler = null!;

    /// <summary>Where the console is.</summary>
    internal Uri Console => _scheduler.BaseAddress!;

    public async ValueTask InitializeAsync()
    {
        _scheduler = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };
        var rules = Directory.CreateDirectory(Path.Combine(_directory, "rules")).FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "night.yml"), """
            policy: night
            app: [ /night/held, /night/count, /night/who ]
            instances: { min: 2, max: 2 }
            metrics: { cpu: { container: cpu, across: avg } }
            rules:
              - { rule: busy, target: { metric: cpu, value: 0.6 } }

            """);
        _lcm = LcmProcess.Start(
            _directory,
            ["up", "--work-dir", Path.Combine(_directory, "work"), "--rules", rules, "--agents", "2", "--stop-tasks",
                "--tick", "1s", "--scrape-interval", "1s", "--scheduler-port", $"{_port}",
                "--master-port", $"{Server.FreePort()}", "--agent-port", $"{Server.FreePort()}",
                "--manager-port", $"{Server.FreePort()}"]);
        await Eventually.TrueAsync(
            async () =>
            {
                if (_lcm.HasExited) Assert.Fail("lcm ended:\n" + _lcm.Output);
                using var answer = await _scheduler.GetAsync("v2/apps");
                return answer.IsSuccessStatusCode;
            }, "the scheduler", more: () => _lcm.Output);
    }

    /// <summary>Puts an app of one command, as whoever deploys does it.</summary>
    internal async Task DeployAsync(string id, string command, object? more = null)
    {
        var definition = JsonSerializer.SerializeToNode(more ?? new { })!.AsObject();
        (definition["id"], definition["cmd"], definition["cpus"], definition["mem"]) = (id, command, 0.01, 32);
        using var answer = await _scheduler.PutAsJsonAsync($"v2/apps{id}", definition);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for what the scheduler says of an app; null once there is none.</summary>
    internal Task SeesAsync(string id, Func<JsonElement?, bool> condition, string what) => Eventually.TrueAsync(
        async () =>
        {
            using var answer = await _scheduler.GetAsync($"v2/apps{id}");
            return condition(answer.StatusCode == HttpStatusCode.NotFound ? null
                : (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("app"));
        }, $"{id}: {what}", more: () => _lcm!.Output);

    /// <summary>Waits until so many instances run, and no deployment is under way.</summary>
    internal Task RunsAsync(string id, int count) => SeesAsync(
        id, app => app?.GetProperty("tasksRunning").GetInt32() == count && app.Value.GetProperty("instances").GetInt32() == count
            && app.Value.GetProperty("deployments").GetArrayLength() == 0, $"{count} instances");

    public async ValueTask DisposeAsync()
    {
        if (_lcm is not null)
        {
            await _lcm.InterruptAsync(TimeSpan.FromMinutes(1));
            await _lcm.DisposeAsync();
        }

        _scheduler.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
