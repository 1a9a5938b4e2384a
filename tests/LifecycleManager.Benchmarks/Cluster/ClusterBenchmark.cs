using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Cluster;

/// <summary>
/// The limits of the master: 5,000 simulated agents, each with connections of its own, over the real protocol against real
/// <c>lcm master</c> processes. Simulation and master share the machine, so that times are those of both together; the seconds of
/// cpu beside them are the master's alone.
/// </summary>
internal static class ClusterBenchmark
{
    private const int Agents = 5_000;
    private const int Frameworks = 10;
    private static readonly TimeSpan Pinging = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="output">Where the figures go.</param>
    /// <param name="parts">Of <c>allocator</c>, <c>load</c>, <c>postgres</c> and <c>zookeeper</c>; none for all.</param>
    public static async Task RunAsync(TextWriter output, IReadOnlyList<string> parts)
    {
        bool Wants(string part) => parts.Count == 0 || parts.Contains(part);
        if (parts.Except(["allocator", "load", "postgres", "zookeeper"]).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"'{unknown}' is none of the parts allocator, load, postgres, zookeeper");
        if (Wants("allocator")) Allocate(output);
        if (Wants("load")) await LoadAsync(output);
        if (Wants("postgres"))
        {
            await using var server = await new PostgresProcess().CreateAsync();
            await server.StartAsync();
            await FailOverAsync(output, "PostgreSQL", server.StateAddress("lcm"));
        }

        if (Wants("zookeeper"))
        {
            await using var server = new ZooKeeperProcess();
            await server.StartAsync();
            await FailOverAsync(output, "ZooKeeper", $"zk://127.0.0.1:{server.Port}/lcm");
        }
    }

    /// <summary>
    /// The allocator alone, in this process: everything is free, and every agent goes to one of the frameworks.
    /// </summary>
    private static void Allocate(TextWriter output)
    {
        var free = ResourceWire.Parse(
        [
            Resource.OfScalar("cpus", 16), Resource.OfScalar("mem", 65536), Resource.OfScalar("disk", 500_000),
            Resource.OfRanges("ports", new ValueRange(31000, 32000)),
        ]);
        var total = new Quantities();
        for (var i = 0; i < Agents; i++) total.Add(free);
        var agents = Enumerable.Range(0, Agents).Select(i => new AgentSupply(new AgentId($"{Guid.NewGuid()}-S{i}"), free))
            .ToList();
        foreach (var roles in new[] { 1, Frameworks })
        {
            var demands = Enumerable.Range(0, Frameworks)
                .Select(i => new FrameworkDemand(new FrameworkId($"f{i}"), [roles == 1 ? "*" : $"role{i}"],
                    new Dictionary<string, Quantities>()))
                .ToList();
            AllocationRequest Request() => new()
            {
                Total = total,
                FreeUnreserved = total,
                Agents = agents,
                Frameworks = demands,
                AllocatedByRole = new Dictionary<string, Quantities>(),
            };
            var allocator = new HierarchicalDrfAllocator();
            for (var i = 0; i < 20; i++) Check(allocator.Allocate(Request()).Count);
            const int Cycles = 50;
            var (began, cpu, longest) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, TimeSpan.Zero);
            for (var i = 0; i < Cycles; i++)
            {
                var one = Stopwatch.GetTimestamp();
                allocator.Allocate(Request());
                if (Stopwatch.GetElapsedTime(one) is var took && took > longest) longest = took;
            }

            var what = $"offer cycle, 5,000 agents, 10 frameworks, {roles} role{(roles == 1 ? "" : "s")}";
            Write(output, what + ", cpu", (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / Cycles, "ms");
            Write(output, what + ", mean time", Stopwatch.GetElapsedTime(began).TotalMilliseconds / Cycles, "ms");
            Write(output, what + ", longest time", longest.TotalMilliseconds, "ms");
        }

        static void Check(int given)
        {
            if (given != Agents) throw new InvalidOperationException($"{given} of {Agents} agents were given away");
        }
    }

    private static async Task LoadAsync(TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-cluster-").FullName;
        try
        {
            await using var master = new MasterProcess(directory, $"sqlite:{Path.Combine(directory, "state.db")}");
            await master.LeadsAsync(Patience);
            await using var fleet = new AgentFleet(Agents, [master.Address]);
            var (began, cpu) = (Stopwatch.GetTimestamp(), master.Cpu);
            fleet.Start();
            await UntilAsync(() => fleet.RegisteredAt(master.Address) == Agents, "the registration of all agents");
            Write(output, "5,000 agents register", Stopwatch.GetElapsedTime(began).TotalSeconds, "s");
            Write(output, "5,000 agents register, the master's cpu", master.Cpu - cpu, "s");

            // The first pings meet code that has not run before.
            await Task.Delay(TimeSpan.FromSeconds(15));
            (began, cpu, var pings) = (Stopwatch.GetTimestamp(), master.Cpu, fleet.Pings);
            await Task.Delay(Pinging);
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            Write(output, "5,000 agents ping on, the master's cores", (master.Cpu - cpu) / took, "cores");
            Write(output, "5,000 agents ping on, pings a second", (fleet.Pings - pings) / took, "/s");
            Write(output, "5,000 agents ping on, the master's memory", master.Memory.Now, "MB");
            if (fleet.RegisteredAt(master.Address) != Agents) throw new InvalidOperationException("agents were lost");

            foreach (var tasks in new[] { 4, 1, 4, 1, 4 }) await LaunchAsync(output, master, tasks);
            var metrics = await master.MetricsAsync();
            foreach (var line in metrics.Split('\n')
                .Where(line => line.StartsWith("lcm_master_allocation_seconds", StringComparison.Ordinal) && Counts(line)))
                output.WriteLine(line);
            Write(output, "afterwards, the master's memory", master.Memory.Now, "MB");
            Write(output, "at most, the master's memory", master.Memory.Peak, "MB");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // The histogram's buckets from the one that holds something on, its sum and its count.
    private static bool Counts(string line) => !line.EndsWith(" 0", StringComparison.Ordinal);

    /// <summary>Ten frameworks launch tasks on every agent's offer.</summary>
    private static async Task LaunchAsync(TextWriter output, MasterProcess master, int perOffer)
    {
        var count = Agents * perOffer;
        var (running, wanted) = (0, Agents);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var frameworks = Enumerable.Range(0, Frameworks)
            .Select(i => new BenchmarkFramework(master.Address, $"f{perOffer}-{Guid.NewGuid():N}-{i}", () =>
        {
            if (Interlocked.Increment(ref running) == count) all.TrySetResult();
        })
            {
                Wanted = () => Interlocked.Decrement(ref wanted) >= 0 ? perOffer : 0,
            }).ToList();
        var (began, cpu, own) = (Stopwatch.GetTimestamp(), master.Cpu, Environment.CpuUsage.TotalTime);
        await Task.WhenAll(frameworks.Select(framework => framework.SubscribeAsync()));
        await all.Task.WaitAsync(Patience);
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var used = master.Cpu - cpu;
        var what = string.Create(CultureInfo.InvariantCulture, $"{count:N0} launches, {perOffer} an ACCEPT");
        Write(output, what + ", until the last RUNNING", took, "s");
        Write(output, what + ", launches a second", count / took, "/s");
        Write(output, what + ", a second of the master's cpu", count / used, "/s");
        Write(output, what + ", the simulation's cpu", (Environment.CpuUsage.TotalTime - own).TotalSeconds, "s");
        foreach (var framework in frameworks)
        {
            await framework.TeardownAsync();
            await framework.DisposeAsync();
        }

        await Task.Delay(TimeSpan.FromSeconds(3));
    }

    private static async Task FailOverAsync(TextWriter output, string server, string state)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-cluster-").FullName;
        try
        {
            await using var leader = new MasterProcess(directory, state);
            await leader.LeadsAsync(Patience);
            await using var standby = new MasterProcess(directory, state);
            while (!await standby.AnswersAsync()) await Task.Delay(50);
            await using var fleet = new AgentFleet(Agents, [leader.Address, standby.Address]);
            var began = Stopwatch.GetTimestamp();
            fleet.Start();
            await UntilAsync(() => fleet.RegisteredAt(leader.Address) == Agents, "the registration of all agents");
            Write(output, $"{server}: 5,000 agents register", Stopwatch.GetElapsedTime(began).TotalSeconds, "s");
            await Task.Delay(TimeSpan.FromSeconds(5));

            began = Stopwatch.GetTimestamp();
            var (cpu, own) = (standby.Cpu, Environment.CpuUsage.TotalTime);
            await leader.KillAsync();
            await standby.LeadsAsync(Patience);
            Write(output, $"{server}: from kill -9 of the leader to the standby's lead",
                Stopwatch.GetElapsedTime(began).TotalSeconds, "s");
            await UntilAsync(() => fleet.RegisteredAt(standby.Address) == Agents, "the return of all agents");
            Write(output, $"{server}: from kill -9 to the return of all agents", Stopwatch.GetElapsedTime(began).TotalSeconds,
                "s");
            Write(output, $"{server}: the same, the new leader's cpu", standby.Cpu - cpu, "s");
            Write(output, $"{server}: the same, the simulation's cpu", (Environment.CpuUsage.TotalTime - own).TotalSeconds, "s");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Patience) throw new TimeoutException($"{what} did not happen");
            await Task.Delay(50);
        }
    }

    private static void Write(TextWriter output, string what, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-70} {value,10:0.00} {unit}"));
}
