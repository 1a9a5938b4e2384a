using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Reaction;

/// <summary>
/// A real <c>lcm manager</c> before a scheduler that answers at once: how long a change takes from its decision to the
/// scheduler's API, how soon 1,000 changes are made that one tick decides, and how long a tick takes that looks at 10,000 apps.
/// </summary>
internal static class TickBenchmark
{
    private const int Apps = 10_000;
    private const int Together = 1_000;
    private const int Alone = 100;
    private const int Period = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="output">Where the lines go.</param>
    public static async Task RunAsync(TextWriter output)
    {
        await RunAsync(Alone, 0, async (manager, api, cluster) =>
        {
            for (var i = 0; i < Alone; i++)
            {
                cluster.Raise(i);
                await Task.Delay(500);
            }

            await AwaitAsync(manager, "the changes that come alone", () => Task.FromResult(cluster.Arrived.Count == Alone));
            var took = await LatenciesAsync(api, cluster);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{took.Length} changes, one after the other: from the decision to the scheduler's API"
                + $" {took[took.Length / 2]:0.0} ms median (under 10 ms), {took[took.Length * 19 / 20]:0.0} ms p95"));
        });
        await RunAsync(Apps, Together, async (manager, api, cluster) =>
        {
            // Another threshold has the next tick decide all of them at once.
            var began = Stopwatch.GetTimestamp();
            await cluster.WritePoliciesAsync(threshold: 10);
            await AwaitAsync(manager, "the first change", () => Task.FromResult(!cluster.Arrived.IsEmpty));
            var first = Stopwatch.GetTimestamp();
            await AwaitAsync(manager, "all changes", () => Task.FromResult(cluster.Arrived.Count >= Together));
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{Together} changes of one tick over {Apps} apps: from an edited policy to the last"
                + $" {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s (under {Period} s),"
                + $" {Stopwatch.GetElapsedTime(first).TotalSeconds:0.0} s from the first to the last"));
            var (count, seconds) = await TicksAsync(api);
            await Task.Delay(TimeSpan.FromSeconds(4 * Period));
            var (count2, seconds2) = await TicksAsync(api);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"a tick over {Apps} apps, their list read from the scheduler: {(seconds2 - seconds) / (count2 - count):0.00} s"
                + $" on average of {count2 - count:0} (under {Period} s);"
                + $" resident {Process.GetProcessById(manager.Id).WorkingSet64 / 1e6:0} MB"));
        });
    }

    private static async Task RunAsync(int apps, int together, Func<LcmProcess, HttpClient, ServedCluster, Task> measure)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-tick-benchmark-");
        try
        {
            var rules = directory.CreateSubdirectory("rules").FullName;
            await using var cluster = await ServedCluster.StartAsync(apps, together, rules);
            await cluster.WritePoliciesAsync(threshold: 20);
            var port = Server.FreePort();
            await using var manager = LcmProcess.Start(directory.FullName,
            [
                "manager", "--rules", rules, "--scheduler", cluster.Address.ToString(), "--port", $"{port}",
                "--changes-per-minute", "1000000", "--tick", $"{Period}s", "--scrape-interval", $"{Period}s",
                "--work-dir", Path.Combine(directory.FullName, "work"),
            ]);
            using var api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Patience };
            await AwaitAsync(manager, "readings of all apps", () => AllAreReadAsync(api, apps));
            await measure(manager, api, cluster);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<bool> AllAreReadAsync(HttpClient api, int apps)
    {
        try
        {
            return Value(await api.GetStringAsync("/metrics"), "lcm_metrics_targets_up ") >= apps;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<(double Count, double Seconds)> TicksAsync(HttpClient api)
    {
        var metrics = await api.GetStringAsync("/metrics");
        return (Value(metrics, "lcm_manager_tick_seconds_count "), Value(metrics, "lcm_manager_tick_seconds_sum "));
    }

    private static double Value(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));

    private static async Task<double[]> LatenciesAsync(HttpClient api, ServedCluster cluster)
    {
        var decisions = JsonNode.Parse(await api.GetStringAsync("/v1/decisions?limit=1000"))!["decisions"]!.AsArray();
        return
        [
            .. decisions.Where(decision => (string?)decision!["outcome"] == "applied")
                .Select(decision => cluster.Arrived[(string)decision!["app"]!] - (DateTimeOffset)decision["at"]!)
                .Select(took => took.TotalMilliseconds).Order(),
        ];
    }

    private static async Task AwaitAsync(LcmProcess manager, string what, Func<Task<bool>> happened)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await happened())
        {
            if (manager.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"{what} did not come\n{string.Join('\n', manager.Lines.TakeLast(20))}");
            await Task.Delay(20);
        }
    }
}
