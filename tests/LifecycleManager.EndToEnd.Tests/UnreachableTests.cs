using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Marathon's page on unreachable instances, on an agent that hangs and comes back.</summary>
public sealed class UnreachableTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-unreachable-").FullName;
    private readonly List<LcmProcess> _processes = [];
    private readonly HttpClient _scheduler = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly int _master = Server.FreePort();
    private IMarathonApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        var port = Server.FreePort();
        _scheduler.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        _api = MarathonApi.For(_scheduler);
        Start("master", _master, "--agent-ping-timeout", "500ms", "--max-agent-ping-timeouts", "6");
        Start("scheduler", port, "--master", $"http://127.0.0.1:{_master}");
        await Eventually.TrueAsync(async () => (await _api.GetApps()).Apps.Count == 0, "a leading scheduler", more: Outputs);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Tasks.EndAsync(_api, _scheduler, new Uri($"http://127.0.0.1:{_master}"), Outputs);
        }
        finally
        {
            foreach (var process in _processes) await process.DisposeAsync();
            _scheduler.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public async Task An_instance_out_of_reach_is_waited_for_replaced_and_given_up_as_its_strategy_says()
    {
        var hanging = Agent("127.0.0.11");
        await PostAsync("/given-up", """{"inactiveAfterSeconds": 1, "expungeAfterSeconds": 4}""");
        await PostAsync("/replaced", """{"inactiveAfterSeconds": 1, "expungeAfterSeconds": 600}""");
        await PostAsync("/waited-for", "\"disabled\"");
        var before = await TasksAsync("three instances",
            tasks => tasks.Count == 3 && tasks.All(task => task.State == "TASK_RUNNING"));
        string Id(string app) => before.Single(task => task.AppId == app).Id;
        Agent("127.0.0.12");

        hanging.Stop();
        var away = await TasksAsync("what each strategy says", tasks =>
            Of(tasks, "/given-up") is [{ State: "TASK_RUNNING", Host: "127.0.0.12" }]
            && Of(tasks, "/replaced") is { Count: 2 } both
            && both.Any(task => task is { State: "TASK_RUNNING", Host: "127.0.0.12" })
            && both.Any(task => task.Id == Id("/replaced") && task.State == "TASK_UNREACHABLE")
            && Of(tasks, "/waited-for") is [{ State: "TASK_UNREACHABLE" }]);
        Assert.Equal(Id("/waited-for"), Of(away, "/waited-for")[0].Id);

        // Back again: who was waited for is there as if nothing had been, who was given up is ended, and one of two is too many.
        hanging.Continue();
        var back = await TasksAsync("one instance of each", tasks =>
            tasks.Count == 3 && tasks.All(task => task.State == "TASK_RUNNING") && Of(tasks, "/replaced").Count == 1);
        Assert.Equal(Id("/waited-for"), Of(back, "/waited-for")[0].Id);
        Assert.Equal(Of(away, "/given-up")[0].Id, Of(back, "/given-up")[0].Id);
        await Eventually.TrueAsync(async () =>
        {
            var state = JsonNode.Parse(await _scheduler.GetStringAsync(new Uri($"http://127.0.0.1:{_master}/tasks")))!;
            var running = state["tasks"]!.AsArray().Where(task => (string)task!["state"]! == "TASK_RUNNING")
                .Select(task => (string)task!["id"]!);
            return running.Order(StringComparer.Ordinal).SequenceEqual(back.Select(task => task.Id)
                .Order(StringComparer.Ordinal));
        }, "no other task at the master", more: Outputs);
    }

    private static List<AppTask> Of(IEnumerable<AppTask> tasks, string app) => [.. tasks.Where(task => task.AppId == app)];

    private Task<IReadOnlyList<AppTask>> TasksAsync(string what, Func<IReadOnlyList<AppTask>, bool> holds) =>
        Eventually.GetAsync(async () =>
    {
        var tasks = (await _api.GetTasks()).Tasks;
        return holds(tasks) ? tasks : null;
    }, what, more: () => $"{_scheduler.GetStringAsync("/v2/tasks").GetAwaiter().GetResult()}\n{Outputs()}");

    private async Task PostAsync(string app, string strategy)
    {
        var definition = JsonNode.Parse(SampleApps.Sleeper(app))!;
        definition["unreachableStrategy"] = JsonNode.Parse(strategy);
        using var content = new StringContent(definition.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await _scheduler.PostAsync("/v2/apps", content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private LcmProcess Agent(string address) => Start("agent", Server.FreePort(),
        "--master", $"http://127.0.0.1:{_master}", "--bind", address, "--hostname", address, "--task-address", address,
        "--docker", "unix:///nowhere/docker.sock");

    private LcmProcess Start(string role, int port, params string[] more)
    {
        var process = LcmProcess.Start(_directory,
            [role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(_directory, $"work-{port}"),
                .. more]);
        _processes.Add(process);
        return process;
    }

    private string Outputs() => string.Join("\n\n", _processes.Select(process => process.Output));
}
