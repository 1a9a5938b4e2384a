using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// A whole cluster of real processes, each part at least twice where it can be: two masters on a ZooKeeper, two schedulers on a
/// PostgreSQL, two agents, one of them with a Docker engine. The servers are its own.
/// </summary>
public sealed class FaultCluster : IAsyncLifetime
{
    /// <summary>Tasks that nobody touches.</summary>
    public const int Processes = 44, Containers = 6;

    private const string Image = "lcm-faults:1";
    private readonly string _program;
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-faults-").FullName;
    private readonly string _mark = Guid.NewGuid().ToString("N");
    private readonly List<LcmNode> _lcm = [];
    private readonly List<SmallDisk> _disks = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly ZooKeeperProcess _zooKeeper = new();
    private readonly DockerProcess _docker = new();
    private PostgresProcess _postgres = null!;
    private TaskWatch _watch = null!;
    private DockerClient _engine = null!;

    public FaultCluster()
        : this(LcmNode.ThisRelease)
    {
    }

    /// <summary>All roles are of a release.</summary>
    internal FaultCluster(string program) => _program = program;

    /// <summary>Makes a failure repeatable: <c>LCM_TEST_SEED</c>, else a new one each time.</summary>
    public int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_SEED"), CultureInfo.InvariantCulture,
        out var seed)
        ? seed : Random.Shared.Next();

    /// <summary>All that is random comes from here.</summary>
    public Random Random { get; private set; } = null!;

    internal TaskWatch Watch => _watch;

    /// <summary>Masters, schedulers, agents: two of each, in this order.</summary>
    internal IReadOnlyList<LcmNode> Nodes => _lcm;

    /// <summary>The agents' disks, each with its work directory, in the order of the agents.</summary>
    internal IReadOnlyList<SmallDisk> Disks => _disks;

    /// <summary>The servers that it builds on.</summary>
    internal IReadOnlyList<(string Name, ServerProcess Process)> Servers =>
        [("ZooKeeper", _zooKeeper), ("PostgreSQL", _postgres), ("dockerd", _docker)];

    private IReadOnlyList<LcmNode> Masters => _lcm[..2];

    private IReadOnlyList<LcmNode> Schedulers => _lcm[2..4];

    private IReadOnlyList<LcmNode> Agents => _lcm[4..6];

    private string Journal => Path.Combine(_directory, "journal");

    public async ValueTask InitializeAsync()
    {
        Random = new Random(Seed);
        _postgres = await new PostgresProcess().CreateAsync();
        await Task.WhenAll(_zooKeeper.StartAsync(), _docker.StartAsync(), _postgres.StartAsync());
        _engine = new DockerClientBuilder().WithEndpoint(_docker.Address).Build();
        await using (var layer = await BusyboxLayer.MakeAsync())
        {
            await _engine.Images.CreateImageAsync(
                new ImagesCreateParameters
                {
                    FromSrc = "-",
                    Repo = Image.Split(':')[0],
                    Tag = Image.Split(':')[1],
                    Changes = ["ENV PATH=/bin"]
                },
                layer, new AuthConfig(), new Progress<JSONMessage>());
        }

        Directory.CreateDirectory(Journal);
        _watch = new TaskWatch("FAULTS=" + _mark);
        var masterPorts = new[] { Server.FreePort(), Server.FreePort() };
        var masters = string.Join(',', masterPorts.Select(port => $"http://127.0.0.1:{port}"));
        var elections = $"zk://127.0.0.1:{_zooKeeper.Port}/lcm/master";
        foreach (var port in masterPorts) Start("master", port, "--state", elections);

        // One of two is told the masters, the other looks them up, which releases before this one cannot. Masters that are looked
        // up may be anywhere: what is for a cluster of one machine has to be said.
        string[] told = ["--master", masters], found = told;
        if (_program == LcmNode.ThisRelease)
        {
            var admission = Path.Combine(_directory, "admission.yml");
            await File.WriteAllTextAsync(admission, "rules:\n  - { name: everything, level: privileged }\n");
            found = ["--master", elections, "--admission", admission];
        }

        // So short a timeout that what waits for it by default for minutes happens here, too.
        string[] soon = _program == LcmNode.ThisRelease ? ["--launch-timeout", "60s"] : [];

        // The release before this one repeats what a scheduler that was replaced has not heard by time alone.
        string[] repeated = _program == LcmNode.ThisRelease ? [] : ["--update-retry", "1s"];
        foreach (var known in new[] { told, found })
            Start("scheduler", Server.FreePort(), [.. known, .. soon, "--state", _postgres.StateAddress("lcm")]);
        foreach (var engine in new[] { _docker.Address.ToString(), "unix:///nowhere/docker.sock" })
        {
            string[] known = _disks.Count == 0 || found == told ? told : [.. found, "--default-user", "root"];
            _disks.Add(SmallDisk.Mount(64 * 1024));
            Start("agent", Server.FreePort(),
            [
                .. known, .. repeated, "--docker", engine, "--resources", "cpus:16;mem:8192;ports:[31000-31999]",
                "--work-dir", _disks[^1].Path,
            ]);
        }

        await AskAsync(HttpMethod.Put, "/v2/apps/steady", Sleeper(Processes, container: false));
        await AskAsync(HttpMethod.Put, "/v2/apps/boxes", Sleeper(Containers, container: true));
        await AskAsync(HttpMethod.Put, "/v2/apps/churn", Sleeper(4, container: false));
        await SettledAsync(TimeSpan.FromMinutes(3));
        _watch.Bound("/steady", Processes, Processes);
        _watch.Bound("/boxes", Containers, Containers);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            foreach (var app in new[] { "/steady", "/boxes", "/churn" })
            {
                _watch.Bound(app, 0, int.MaxValue);
                await AskAsync(HttpMethod.Delete, $"/v2/apps{app}?force=true");
            }

            await Eventually.TrueAsync(() => _watch.Look().Count == 0, "the end of all tasks", more: Describe);
        }
        catch (HttpRequestException)
        {
            // A failed test has left no scheduler; the processes are ended below.
        }
        finally
        {
            await Task.WhenAll(_lcm.Select(node => node.DisposeAsync().AsTask()));
            _watch.KillAll();
            await _watch.DisposeAsync();
            foreach (var container in await _engine.Containers.ListContainersAsync(new ContainersListParameters { All = true }))
                await _engine.Containers.RemoveContainerAsync(container.ID, new ContainerRemoveParameters { Force = true });
            _engine.Dispose();
            await Task.WhenAll(_zooKeeper.DisposeAsync().AsTask(), _docker.DisposeAsync().AsTask(), _postgres.DisposeAsync()
                .AsTask());
            _http.Dispose();
            foreach (var disk in _disks) disk.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }

    /// <summary>
    /// Begins something that takes a while: the app that may change gets another size, or all its instances anew.
    /// </summary>
    /// <returns>What, for people.</returns>
    public async Task<string> ChurnAsync()
    {
        var before = await CountAsync("/churn");
        if (Random.Next(3) == 0)
        {
            // As the app's upgrade strategy says: minimumHealthCapacity 0.5, maximumOverCapacity 0.5; and one more than the count
            // where otherwise nothing could be replaced, which is so for a single instance.
            _watch.Bound("/churn", (before + 1) / 2, before + Math.Max(1, before / 2));
            await AskAsync(HttpMethod.Post, "/v2/apps/churn/restart?force=true");
            return $"a restart of {before} instances";
        }

        var after = Random.Next(1, 9);
        _watch.Bound("/churn", Math.Min(before, after), Math.Max(before, after));
        await AskAsync(HttpMethod.Put, "/v2/apps/churn?force=true", new JsonObject { ["instances"] = after });
        return $"a change from {before} to {after} instances";
    }

    /// <summary>
    /// Waits until every count is what it should be and all who know of tasks tell the same: the kernel, the agents, the leading
    /// master and the leading scheduler; no deployment and no unacknowledged status is left.
    /// </summary>
    /// <returns>The tasks, as the kernel shows them.</returns>
    internal async Task<IReadOnlyList<RunningTask>> SettledAsync(TimeSpan limit)
    {
        var why = "";
        return await Eventually.GetAsync<IReadOnlyList<RunningTask>>(async () =>
        {
            var (tasks, problem) = await LookAsync();
            why = problem ?? "";
            return problem is null ? tasks : null;
        }, "agreement on all tasks", limit, () => $"{why}\n{Describe()}");
    }

    /// <summary>Ids that were started more than once, by the tasks' own journal.</summary>
    public IReadOnlyList<string> StartedTwice() =>
        [.. File.ReadAllLines(Path.Combine(Journal, "starts")).GroupBy(id => id).Where(starts => starts.Count() > 1)
            .Select(starts => starts.Key)];

    /// <summary>What all processes said.</summary>
    public string Describe() =>
        $"seed {Seed}\n" + string.Join("\n\n", _lcm.Select(node => $"=== {node.Address}\n{Tail(node.Output)}"));

    private static string Tail(string output)
    {
        var lines = output.Split('\n');
        return string.Join('\n', lines.Skip(Math.Max(0, lines.Length - 60)));
    }

    private async Task<(IReadOnlyList<RunningTask> Tasks, string? Problem)> LookAsync()
    {
        var apps = (await AskAsync(HttpMethod.Get, "/v2/apps"))!["apps"]!.AsArray();
        foreach (var app in apps)
        {
            var (wanted, running, staged) = (app!["instances"]!.GetValue<int>(), app["tasksRunning"]!.GetValue<int>(),
                app["tasksStaged"]!.GetValue<int>());
            if (running != wanted || staged != 0)
                return ([], $"{app["id"]} has {running} running and {staged} staged of {wanted}");
        }

        if ((await AskAsync(HttpMethod.Get, "/v2/deployments"))!.AsArray() is { Count: > 0 } deployments)
            return ([], "deployments are under way: " + deployments);
        var bySchedulers = Ids((await AskAsync(HttpMethod.Get, "/v2/tasks"))!["tasks"],
            task => task["state"]!.GetValue<string>() == "TASK_RUNNING"
            ? task["id"]!.GetValue<string>() : "not running: " + task["id"]);
        var inMaster = (await CallAsync((await LeadingMasterAsync()).Address, "GET_TASKS"))["get_tasks"]!;
        var byMaster = Ids(inMaster["tasks"], task => task["state"]!.GetValue<string>() == "TASK_RUNNING"
            ? task["task_id"]!["value"]!.GetValue<string>() : "not running: " + task["task_id"]!["value"]);
        var byAgents = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var agent in Agents)
        {
            var inAgent = (await CallAsync(agent.Address, "GET_TASKS"))["get_tasks"]!;
            foreach (var kind in new[] { "queued_tasks", "launched_tasks", "terminated_tasks" })
                byAgents.UnionWith(Ids(inAgent[kind], task => (kind == "launched_tasks" ? "" : kind + ": ")
                    + task["task_id"]!["value"]!.GetValue<string>()));
            var metrics = await _http.GetStringAsync(new Uri(agent.Address, "/metrics"));
            if (!metrics.Contains("\nlcm_agent_status_updates_pending 0\n", StringComparison.Ordinal))
                return ([], $"{agent.Address} waits for acknowledgements");
        }

        var tasks = _watch.Look();
        var byKernel = new SortedSet<string>(tasks.Select(task => task.Id), StringComparer.Ordinal);
        foreach (var (who, ids) in new[] { ("the scheduler", bySchedulers), ("the master", byMaster), ("the agents", byAgents) })
        {
            if (ids.SetEquals(byKernel)) continue;
            return ([],
                $"{who} and the kernel differ: only {who}: [{string.Join(", ", ids.Except(byKernel))}], only the kernel: [{string.Join(", ", byKernel.Except(ids))}]");
        }

        return tasks.FirstOrDefault(task => task.Pids.Count != 1) is { } odd
            ? ([], $"task {odd.Id} has {odd.Pids.Count} processes") : (tasks, null);
    }

    private static SortedSet<string> Ids(JsonNode? tasks, Func<JsonNode, string> id) =>
        new(tasks?.AsArray().Select(task => id(task!)) ?? [], StringComparer.Ordinal);

    private async Task<LcmNode> LeadingMasterAsync() => await Eventually.GetAsync(async () =>
    {
        foreach (var master in Masters)
        {
            var metrics = await TryAsync(() => _http.GetFromJsonAsync<JsonObject>(new Uri(master.Address, "/metrics/snapshot")));
            if (metrics?["master/elected"]!.GetValue<double>() > 0) return master;
        }

        return null;
    }, "a leading master", more: Describe);

    private async Task<int> CountAsync(string app) =>
        (await AskAsync(HttpMethod.Get, "/v2/apps" + app))!["app"]!["instances"]!.GetValue<int>();

    /// <summary>Asks the schedulers in turn until one answers: whichever it is, it knows who leads.</summary>
    private async Task<JsonNode?> AskAsync(HttpMethod method, string path, JsonObject? body = null) =>
        await Eventually.GetAsync(async () =>
    {
        foreach (var scheduler in Schedulers)
        {
            if (await TryAsync(() => SendAsync(method, new Uri(scheduler.Address, path), body)) is { } answer) return answer;
        }

        return null;
    }, $"an answer to {method} {path}", more: Describe);

    private async Task<JsonNode> CallAsync(Uri address, string type) =>
        await SendAsync(HttpMethod.Post, new Uri(address, "/api/v1"), new JsonObject { ["type"] = type })
        ?? throw new HttpRequestException($"{address} does not answer {type}");

    private async Task<JsonNode?> SendAsync(HttpMethod method, Uri address, JsonObject? body)
    {
        using var request = new HttpRequestMessage(method, address);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();

        // Between two leaders nobody answers for a moment.
        if ((int)response.StatusCode is 502 or 503) return null;
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{method} {address}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text);
    }

    private static async Task<T?> TryAsync<T>(Func<Task<T?>> ask) where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private JsonObject Sleeper(int instances, bool container)
    {
        var json = new JsonObject
        {
            ["cmd"] = $"echo \"$MESOS_TASK_ID\" >>{(container ? "/journal" : Journal)}/starts; exec sleep 100000",
            ["cpus"] = 0.01,
            ["mem"] = 16,
            ["instances"] = instances,
            ["env"] = new JsonObject { ["FAULTS"] = _mark },
            ["upgradeStrategy"] = new JsonObject { ["minimumHealthCapacity"] = 0.5, ["maximumOverCapacity"] = 0.5 },
        };
        if (!container) return json;

        // The first process of a container ends by SIGKILL alone, unless it asks for SIGTERM.
        json["taskKillGracePeriodSeconds"] = 1;
        json["container"] = new JsonObject
        {
            ["type"] = "DOCKER",
            ["docker"] = new JsonObject { ["image"] = Image },
            ["volumes"] =
                new JsonArray(new JsonObject { ["containerPath"] = "/journal", ["hostPath"] = Journal, ["mode"] = "RW" }),
        };
        json["networks"] = new JsonArray(new JsonObject { ["mode"] = "host" });
        return json;
    }

    private void Start(string role, int port, params string[] more) => _lcm.Add(new LcmNode(
        _directory, port,
        [
            role, "--port", port.ToString(CultureInfo.InvariantCulture), "--log-level", "information", .. more,
            .. more.Contains("--work-dir") ? (string[])[] : ["--work-dir", Path.Combine(_directory, $"{role}-{_lcm.Count}")],
        ],
        new NodeClock(Path.Combine(_directory, $"clock-{_lcm.Count}")), _program));
}
