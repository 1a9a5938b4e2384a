using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary><c>lcm up</c> on free ports with a work directory and rules of its own; can be killed and started again.</summary>
internal sealed class Stack : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-").FullName;
    private readonly int[] _ports = [.. Enumerable.Range(0, 4).Select(_ => Server.FreePort())];
    private readonly List<string> _more;
    private LcmProcess? _lcm;

    private Stack(IEnumerable<string> more)
    {
        _more = [.. more];
        Directory.CreateDirectory(Rules);
        Scheduler = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[2]}"), Timeout = TimeSpan.FromSeconds(30) };
        Manager = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[3]}"), Timeout = TimeSpan.FromSeconds(30) };
        Master = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[0]}"), Timeout = TimeSpan.FromSeconds(30) };
        Agent = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[1]}"), Timeout = TimeSpan.FromSeconds(30) };
        Api = MarathonApi.For(Scheduler);
    }

    public HttpClient Master { get; }

    public HttpClient Agent { get; }

    public HttpClient Scheduler { get; }

    public HttpClient Manager { get; }

    public IMarathonApi Api { get; }

    public LcmProcess Lcm => _lcm!;

    public string Rules => Path.Combine(_directory, "rules");

    public string WorkDirectory => Path.Combine(_directory, "work");

    /// <summary>Starts the stack and waits until every role answers.</summary>
    public static async Task<Stack> UpAsync(IEnumerable<string>? more = null, IReadOnlyDictionary<string, string>? rules = null)
    {
        var stack = new Stack(more ?? []);
        foreach (var (file, text) in rules ?? new Dictionary<string, string>()) stack.WriteRules(file, text);
        try
        {
            await stack.StartAsync();
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public void WriteRules(string file, string text)
    {
        // As editors do it: a reader sees the old file or the new one.
        var path = Path.Combine(Rules, file);
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    /// <summary>Starts <c>lcm up</c> on the work directory, for the first time or again.</summary>
    public async Task StartAsync()
    {
        _lcm = LcmProcess.Start(_directory,
        [
            "up", "--work-dir", WorkDirectory, "--rules", Rules, "--log-level", "information",
            "--master-port", $"{_ports[0]}", "--agent-port", $"{_ports[1]}", "--scheduler-port", $"{_ports[2]}", "--manager-port",
            $"{_ports[3]}",
            "--tick", "1s", "--scrape-interval", "1s", .. _more,
        ]);
        foreach (var (client, path) in new[] { (Master, "/health"), (Agent, "/health"), (Scheduler, "/v2/apps"),
            (Manager, "/health") })
        {
            await Eventually.TrueAsync(async () =>
            {
                if (Lcm.HasExited) Assert.Fail("lcm ended:\n" + Lcm.Output);
                using var answer = await client.GetAsync(path);
                return answer.IsSuccessStatusCode;
            }, $"an answer of {client.BaseAddress}{path}", more: () => Lcm.Output);
        }
    }

    public Task KillAsync() => Lcm.KillAsync();

    /// <summary>Posts a definition as it is in its file.</summary>
    public async Task<HttpResponseMessage> PostAsync(string json) =>
        await Scheduler.PostAsync("/v2/apps", new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    public async Task<IReadOnlyList<AppTask>> RunningAsync(string app) =>
        [.. (await Api.GetTasks()).Tasks.Where(task => task.AppId == app && task.State == "TASK_RUNNING")];

    /// <summary>
    /// Waits until the app has exactly so many instances, all running (and healthy where it has checks), and none on its way out.
    /// </summary>
    public async Task<IReadOnlyList<AppTask>> InstancesAsync(string app, int count, TimeSpan? limit = null,
        bool healthy = true) =>
        await Eventually.GetAsync<IReadOnlyList<AppTask>>(async () =>
        {
            var tasks = (await Api.GetTasks()).Tasks.Where(task => task.AppId == app).ToArray();
            var good = tasks.Count(task => task.State == "TASK_RUNNING"
                && (!healthy || task.HealthCheckResults is not { Count: > 0 } results || results.All(result => result.Alive)));
            return tasks.Length == count && good == count ? tasks : null;
        }, $"{count} instances of {app}", limit, Describe);

    /// <summary>Waits until nothing is being deployed: what is deployed holds its app.</summary>
    public Task DeployedAsync() => Eventually.TrueAsync(
        async () => (await Api.GetDeployments()).Count == 0, "the end of the deployments", more: Describe);

    /// <summary>Waits until the manager has decided so many times more, each time from what it saw after this call.</summary>
    public async Task TicksAsync(int ticks)
    {
        string? last = null;
        for (var tick = 0; tick <= ticks; tick++)
        {
            var before = last;
            last = await Eventually.GetAsync(
                async () => (string?)JsonNode.Parse(await Manager.GetStringAsync("/v1/apps"))!["asOf"] is { } at
                    && at != before ? at : null,
                "a tick", more: Describe);
        }
    }

    public async Task<JsonNode> DecisionsAsync(string? app = null) =>
        (await Manager.GetFromJsonAsync<JsonNode>("/v1/decisions?limit=200"
            + (app is null ? "" : "&app=" + Uri.EscapeDataString(app))))!;

    public string Describe()
    {
        string Get(HttpClient client, string path)
        {
            try
            {
                return client.GetStringAsync(path).GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                return e.Message;
            }
        }

        return $"tasks {Get(Scheduler, "/v2/tasks")}\nqueue {Get(Scheduler, "/v2/queue")}\ndeployments {Get(Scheduler, "/v2/deployments")}"
            + $"\ntargets {Get(Manager, "/v1/targets")}\ndecisions {Get(Manager, "/v1/decisions?limit=20")}\n{Lcm.Output}";
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing is left running: the apps end first, then the stack, unless the test has ended it.
        try
        {
            if (_lcm is { HasExited: false }) await Tasks.EndAsync(Api, Master, Master.BaseAddress!, () => Lcm.Output);
        }
        finally
        {
            if (_lcm is not null) await _lcm.DisposeAsync();
            Master.Dispose();
            Agent.Dispose();
            Scheduler.Dispose();
            Manager.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
