using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// A task whose record an agent has lost, with the real roles around it: it runs on, once, and ends with its app.
/// </summary>
public sealed class LostRecordTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-lost-").FullName;
    private readonly string _mark = Guid.NewGuid().ToString("N");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly List<LcmNode> _nodes = [];
    private SmallDisk? _disk;
    private TaskWatch _watch = null!;
    private IMarathonApi _api = null!;

    private LcmNode Agent => _nodes[2];

    public ValueTask InitializeAsync()
    {
        _watch = new TaskWatch("LOST=" + _mark);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));

        // Whoever watched over a task writes down its end.
        _watch.KillAll();
        await Eventually.TrueAsync(() => _watch.Look().Count == 0, "the end of all processes");
        await _watch.DisposeAsync();
        _disk?.Dispose();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_task_whose_record_is_cut_keeps_its_process()
    {
        await StartAsync(Path.Combine(_directory, "agent"));
        var task = await DeployAsync();
        var node = Agent.Node();
        await node.KillAsync();
        var record = Directory.GetFiles(Path.Combine(_directory, "agent"), "task.json", SearchOption.AllDirectories).Single();
        await using (var file = File.OpenWrite(record)) file.SetLength(20);
        await node.ReturnAsync();

        await AssertGoesOnAsync(task);
    }

    [Fact]
    public async Task A_task_that_starts_on_a_full_disk_runs_once_or_not_at_all()
    {
        _disk = SmallDisk.Mount(kilobytes: 2 * 1024);
        await StartAsync(_disk.Path);
        _disk.Fill();

        // Nothing runs that is not written down: the scheduler tries again and again.
        await _api.CreateApp(Sleeper());
        await Eventually.TrueAsync(
            async () => (await _api.GetApp("sleeper")).App.LastTaskFailure is { Message: { } message }
                && message.Contains("No space left on device", StringComparison.Ordinal), "a launch that failed", more: Describe);
        Assert.Empty(_watch.Look());
        _disk.Free();
        var task = await RunningAsync();

        var node = Agent.Node();
        await node.KillAsync();
        await node.ReturnAsync();
        await AssertGoesOnAsync(task);
    }

    private async Task AssertGoesOnAsync(RunningTask task)
    {
        await Eventually.TrueAsync(async () => (await AgentTasksAsync()).SequenceEqual([task.Id]),
            "the agent's word on the task", more: Describe);
        var now = await RunningAsync();
        Assert.Equal((task.Id, task.Pids.Single()), (now.Id, now.Pids.Single()));
        Assert.Equal(1, (await _api.GetApp("sleeper")).App.TasksRunning);
        var agent = (await _http.GetFromJsonAsync<JsonNode>(new Uri(_nodes[0].Address, "/slaves")))!["slaves"]![0]!;
        Assert.Equal(0.01, agent["used_resources"]!["cpus"]!.GetValue<double>(), 6);
        await _api.DeleteApp("sleeper", force: true);
        await Eventually.TrueAsync(() => _watch.Look().Count == 0, "the end of the process", more: Describe);
        Assert.Empty(_watch.TakeBroken());
    }

    private async Task<RunningTask> DeployAsync()
    {
        await _api.CreateApp(Sleeper());
        return await RunningAsync();
    }

    private async Task<RunningTask> RunningAsync() => await Eventually.GetAsync(async () =>
    {
        var known = (await _api.GetTasks()).Tasks.Where(task => task.State == "TASK_RUNNING").Select(task => task.Id).ToList();
        return _watch.Look() is [{ Pids.Count: 1 } only] && known.SequenceEqual([only.Id]) ? only : null;
    }, "the one task", more: Describe);

    private async Task<IReadOnlyList<string>> AgentTasksAsync()
    {
        using var answer = await _http.PostAsync(new Uri(Agent.Address, "/api/v1"),
            new StringContent("""{"type":"GET_TASKS"}""", System.Text.Encoding.UTF8, "application/json"));
        var tasks = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["get_tasks"]!["launched_tasks"]?.AsArray();
        return [.. tasks?.Select(task => task!["task_id"]!["value"]!.GetValue<string>()) ?? []];
    }

    private App Sleeper() => new()
    {
        Id = "/sleeper",
        Cmd = "exec sleep 603",
        Cpus = 0.01,
        Mem = 16,
        Instances = 1,
        Env = new Dictionary<string, JsonElement> { ["LOST"] = JsonSerializer.SerializeToElement(_mark) },
    };

    private async Task StartAsync(string agentDirectory)
    {
        var master = Start("master", Path.Combine(_directory, "master"));
        var scheduler = Start("scheduler", Path.Combine(_directory, "scheduler"), "--master", $"{master.Address}");
        Start("agent", agentDirectory, "--master", $"{master.Address}", "--containerizers", "process", "--resources",
            "cpus:2;mem:512;ports:[31000-31999]");
        var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = TimeSpan.FromSeconds(30) };
        _api = MarathonApi.For(client);
        await Eventually.TrueAsync(async () =>
            (await _http.GetFromJsonAsync<JsonNode>(new Uri(master.Address, "/slaves")))?["slaves"]?.AsArray().Count == 1,
            "the agent's registration", more: Describe);
        await Eventually.TrueAsync(async () => (await client.GetAsync("/v2/apps")).IsSuccessStatusCode, "the scheduler",
            more: Describe);
    }

    private LcmNode Start(string role, string directory, params string[] more)
    {
        var port = Server.FreePort();
        _nodes.Add(new LcmNode(_directory, port, [role, "--port", $"{port}", "--work-dir", directory, .. more]));
        return _nodes[^1];
    }

    private string Describe() => string.Join("\n\n", _nodes.Select(node => $"=== {node.Address}\n{node.Output}"));
}
