using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Benchmarks.Cluster;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using StateKeys = LifecycleManager.Scheduler.Core.Documents.SchedulerKeys;

namespace LifecycleManager.Benchmarks.Scheduling;

/// <summary>
/// The scheduler's limits: placement on its own, and a real <c>lcm scheduler</c> with many apps, instances and subscribers.
/// </summary>
internal static class SchedulerBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(TextWriter output, string[] parts)
    {
        bool Wants(string part) => parts.Length == 0 || parts.Contains(part, StringComparer.Ordinal);
        var directory = Directory.CreateTempSubdirectory("lcm-scheduler-benchmark-").FullName;
        try
        {
            if (Wants("placement")) Placement(output);
            if (Wants("apps")) await AppsAsync(output, Path.Combine(directory, "apps"));
            if (Wants("held")) await HeldAsync(output, Path.Combine(directory, "held"));
            if (Wants("events")) await EventsAsync(output, Path.Combine(directory, "events"));
            if (Wants("group")) await GroupAsync(output, Path.Combine(directory, "group"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Instances of 1,000 apps with mixed constraints and strategies onto 5,000 agents, on one core.</summary>
    private static void Placement(TextWriter output)
    {
        if (OperatingSystem.IsLinux()) Process.GetCurrentProcess().ProcessorAffinity = 1;
        foreach (var instances in (int[])[250_000, 500_000, 1_000_000])
        {
            var agents = Enumerable.Range(0, 5_000).Select(index => new AgentPool
            {
                AgentId = $"agent-{index}",
                Host = $"host-{index}",
                Zone = $"zone-{index % 5}",
                Attributes = new Dictionary<string, string>
                {
                    ["rack"] = $"rack-{index % 40}",
                    ["disk"] = index % 2 == 0
                    ? "ssd" : "hdd"
                },
                Roles = [new RoleResources { Role = "*", Cpus = 256_000, Mem = 1_024_000_000, Disk = 1_000_000_000,
                    Ports = new PortSet([new ValueRange(31_000, 32_000)]) }],
            }).ToList();
            Constraint[][] mixes =
            [
                [], [new("@zone", ConstraintOperator.GroupBy, "5")], [new("disk", ConstraintOperator.Is, "ssd")],
                [new("hostname", ConstraintOperator.MaxPer, "2")], [new("hostname", ConstraintOperator.Unique, null)],
                [new("rack", ConstraintOperator.Like, "rack-[0-9]+"), new("rack", ConstraintOperator.GroupBy, null)],
            ];
            var requests = Enumerable.Range(0, 1_000).Select(index => new PlacementRequest(
                new PlacementSpec
                {
                    Cpus = 100 + (index % 7 * 100),
                    Mem = 100_000,
                    Constraints = mixes[index % mixes.Length],
                    Ports = index % 3
                        == 0 ? [0] : [],
                    Strategy = (PlacementStrategy)(index % 2),
                },
                instances / 1_000, [])).ToList();
            GC.Collect();
            var cpu = Environment.CpuUsage.TotalTime;
            var result = Placer.Place(agents, requests, new Random(1));
            Say(output,
                $"placement  {result.Placements.Count} of {instances} instances placed in {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.0} s of one core, "
                + $"{Environment.WorkingSet / 1048576} MB resident");
        }
    }

    /// <summary><c>GET /v2/apps</c> with 10,000 apps.</summary>
    private static async Task AppsAsync(TextWriter output, string directory)
    {
        await using var scheduler = await SchedulerProcess.StartAsync(directory,
            await FilledAsync(directory, apps: 10_000, instances: 0));
        foreach (var gzip in (bool[])[false, true])
        {
            using var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = Patience };
            if (gzip) client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
            var (whole, first, bytes) = (new List<double>(), new List<double>(), 0L);
            for (var round = 0; round < 30; round++)
            {
                var start = Stopwatch.GetTimestamp();
                using var answer = await client.GetAsync("/v2/apps", HttpCompletionOption.ResponseHeadersRead);
                first.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                await using var body = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
                var buffer = new byte[256 * 1024];
                bytes = 0;
                while (await body.ReadAsync(buffer) is > 0 and var read) bytes += read;
                whole.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            Say(output,
                $"apps       GET /v2/apps, 10,000 apps{(gzip ? ", gzip" : "")}: first answer {whole[0]:0} ms, then median {Median(whole.Skip(5)):0} ms "
                + $"(headers after {Median(first.Skip(5)):0} ms), {bytes / 1024} KB; {scheduler.Memory:0} MB resident");
        }
    }

    /// <summary>100,000 running instances, as they are after a restart.</summary>
    private static async Task HeldAsync(TextWriter output, string directory)
    {
        await using var scheduler = await SchedulerProcess.StartAsync(directory,
            await FilledAsync(directory, apps: 1_000, instances: 100));
        using var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = Patience };
        var held = scheduler.Memory;
        var tasks = JsonNode.Parse(await client.GetStringAsync("/v2/tasks"))!["tasks"]!.AsArray().Count;
        Say(output,
            $"held       {tasks} instances: {held:0} MB resident, at most {scheduler.MemoryPeak:0} MB, with all of them read once");
    }

    /// <summary>From the request that causes an event to its arrival at the last of 1,000 subscribers.</summary>
    private static async Task EventsAsync(TextWriter output, string directory)
    {
        const int Subscribers = 1_000;
        await using var scheduler = await SchedulerProcess.StartAsync(directory,
            $"sqlite:{Path.Combine(Directory.CreateDirectory(directory).FullName, "state.db")}");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = scheduler.Address,
            Timeout = Timeout.InfiniteTimeSpan
        };
        var arrived = 0;
        long last = 0;
        using var stop = new CancellationTokenSource();
        var streams = new List<Task>();
        for (var i = 0; i < Subscribers; i++)
        {
            var answer = await client.GetAsync("/v2/events?event_type=api_post_event", HttpCompletionOption.ResponseHeadersRead);
            streams.Add(ReadAsync(answer.EnsureSuccessStatusCode()));
        }

        var spread = new List<double>();
        for (var round = 0; round < 20; round++)
        {
            Volatile.Write(ref arrived, 0);
            var start = Stopwatch.GetTimestamp();
            using var body = new StringContent($$"""{"id": "/e{{round}}", "cmd": "true", "instances": 0}""", Encoding.UTF8,
                "application/json");
            using var posted = await client.PostAsync("/v2/apps", body);
            posted.EnsureSuccessStatusCode();
            while (Volatile.Read(ref arrived) < Subscribers) await Task.Delay(1);
            spread.Add(Stopwatch.GetElapsedTime(start, Volatile.Read(ref last)).TotalMilliseconds);
        }

        Say(output,
            $"events     request to the last of {Subscribers} subscribers: median {Median(spread):0} ms, at most {spread.Max():0} ms; the clients share the machine");
        await stop.CancelAsync();
        await Task.WhenAll(streams).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        async Task ReadAsync(HttpResponseMessage answer)
        {
            using (answer)
            using (var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(stop.Token)))
            {
                while (await reader.ReadLineAsync(stop.Token) is { } line)
                {
                    if (!line.StartsWith("data:", StringComparison.Ordinal)) continue;
                    Volatile.Write(ref last, Stopwatch.GetTimestamp());
                    Interlocked.Increment(ref arrived);
                }
            }
        }
    }

    /// <summary>A group of 1,000 apps on 100 simulated agents, from the request to the end of its deployment.</summary>
    private static async Task GroupAsync(TextWriter output, string directory)
    {
        Directory.CreateDirectory(directory);
        await using var master = new MasterProcess(directory, $"sqlite:{Path.Combine(directory, "master.db")}");
        await master.LeadsAsync(Patience);
        await using var fleet = new AgentFleet(100, [master.Address]);
        fleet.Start();
        await using var scheduler = await SchedulerProcess.StartAsync(directory, $"sqlite:{Path.Combine(directory, "state.db")}",
            master.Address);
        using var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = Patience };
        while (fleet.RegisteredAt(master.Address) < 100) await Task.Delay(50);
        var group = new JsonObject
        {
            ["id"] = "/group",
            ["apps"] = new JsonArray([.. Enumerable.Range(0, 1_000).Select(i => (JsonNode)new JsonObject
            {
                ["id"] = $"/group/app{i}", ["cmd"] = "sleep 1000", ["cpus"] = 0.1, ["mem"] = 32, ["instances"] = 1 + (i % 3),
            })]),
        };
        var start = Stopwatch.GetTimestamp();
        using var body = new StringContent(group.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/v2/groups", body);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        var taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
        while (await client.GetStringAsync("/v2/deployments") is not "[]") await Task.Delay(100);
        var whole = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var tasks = JsonNode.Parse(await client.GetStringAsync("/v2/tasks?status=running"))!["tasks"]!.AsArray().Count;
        Say(output,
            $"group      1,000 apps, {tasks} instances: taken after {taken:0.0} s, deployed after {whole:0.0} s; {scheduler.Memory:0} MB resident");
    }

    /// <summary>A state as a scheduler leaves it: so many apps with so many running instances each.</summary>
    private static async Task<string> FilledAsync(string directory, int apps, int instances)
    {
        Directory.CreateDirectory(directory);
        var address = $"sqlite:{Path.Combine(directory, "state.db")}";
        await using var state = await StateBackend.OpenAsync(address, null, TimeProvider.System, NullLoggerFactory.Instance,
            CancellationToken.None);
        var at = Timestamps.Truncate(DateTimeOffset.UtcNow);
        var rules = new DefinitionRules { Role = "*" };
        for (var index = 0; index < apps; index++)
        {
            var definition = AppDefinitions.Create(AppDefinitions.ReadApp(Encoding.UTF8.GetBytes($$"""
                {"id": "/group{{index % 100}}/app{{index}}", "cmd": "exec run --port $PORT0", "cpus": 0.1, "mem": 32, "instances": {{instances}}, "portDefinitions": [{"port": 0}],
                 "env": {"STAGE": "production", "INDEX": "{{index}}"}, "labels": {"team": "t{{index % 10}}", "HAPROXY_GROUP": "external"},
                 "healthChecks": [{"protocol": "HTTP", "path": "/health", "portIndex": 0}]}
                """)), AppId.Root, rules).WithVersion(at);
            var record = new AppRecord(definition, at, at) { Versions = [at] };
            List<StateWrite> writes = [new(SchedulerKeys.App(definition.Id), StateMapping.Write(record)),
                new(SchedulerKeys.Version(definition.Id, at), StateMapping.Write(record))];
            for (var number = 0; number < instances; number++)
            {
                var instance = new Instance
                {
                    TaskId = TaskIds.Make(definition.Id, Guid.NewGuid()),
                    AppId = definition.Id,
                    Version = at,
                    ConfigVersion = at,
                    AgentId = $"agent-{number}",
                    Host = $"10.0.{number / 250}.{number % 250}",
                    Ports = [31_000 + (index % 1_000)],
                    State = InstanceState.Running,
                    StagedAt = at,
                    StartedAt = at,
                    Since = at,
                    Addresses = [new InstanceAddress("172.17.0.2", "IPv4")],
                    ContainerId = Guid.NewGuid().ToString(),
                };
                writes.Add(new(SchedulerKeys.Instance(instance.TaskId), StateMapping.Write(instance)));
            }

            await state.Store.WriteAsync(writes);
        }

        return address;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToList() is var sorted
        ? sorted[sorted.Count / 2] : 0;

    private static void Say(TextWriter output, string line) => output.WriteLine(line);
}
