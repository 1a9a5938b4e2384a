using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace LifecycleManager.Benchmarks.Failover;

/// <summary>
/// Two real <c>lcm manager</c> with 1,000 policy files over as many apps: the leader is killed as every app's load steps over its
/// threshold. How soon the other one leads, and how soon after that it decides. Each round begins afresh.
/// </summary>
internal static class FailoverBenchmark
{
    private const int Apps = 1000;
    private const int Rounds = 3;
    private const string Leads = "This manager leads";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <param name="output">Where the lines go.</param>
    /// <param name="state"><c>zookeeper</c> or <c>postgres</c>: the server of the tests is used.</param>
    public static async Task RunAsync(TextWriter output, string state)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-failover-benchmark-");
        await using var marathon = await FakeMarathon.StartAsync();
        var isHigh = false;
        marathon.Fault = http => AnswerAsync(http, marathon.Address.Port, Volatile.Read(ref isHigh));
        var rules = Directory.CreateDirectory(Path.Combine(directory.FullName, "rules"));
        for (var i = 0; i < Apps; i++) await File.WriteAllTextAsync(Path.Combine(rules.FullName, $"{i}.yml"), Policy(i));

        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                for (var app = 0; app < Apps; app++)
                    marathon.Add($"/app-{app}", 2, labels: ("lcm.metrics.path", $"/metrics/{app}"));
                Volatile.Write(ref isHigh, false);
                string[] options =
                [
                    "manager", "--rules", rules.FullName, "--scheduler", marathon.Address.ToString(),
                    "--changes-per-minute", "1000000", .. await StateAsync(state),
                ];
                await using var leader = Start(options);
                await LeadsAsync(leader);
                await using var standby = Start(options);
                // Both have scraped some times.
                await Task.Delay(TimeSpan.FromSeconds(30));
                var memory = Process.GetProcessById(leader.Id).WorkingSet64;
                marathon.Puts.Clear();
                var began = Stopwatch.GetTimestamp();
                await leader.KillAsync();
                Volatile.Write(ref isHigh, true);
                await LeadsAsync(standby);
                var leads = Stopwatch.GetElapsedTime(began);
                await AwaitAsync(() => !marathon.Puts.IsEmpty, "a decision", standby);
                var first = Stopwatch.GetElapsedTime(began) - leads;
                await AwaitAsync(() => marathon.Puts.Select(put => put.App).Distinct().Count() == Apps, "all decisions", standby);
                var all = Stopwatch.GetElapsedTime(began) - leads;
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                    $"{state}: leads {leads.TotalSeconds:0.0} s after the kill; then decides within {first.TotalSeconds:0.0} s")
                    + string.Create(CultureInfo.InvariantCulture,
                        $", all {Apps} apps within {all.TotalSeconds:0.0} s; the leader had {memory / 1e6:0} MB"));
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        LcmProcess Start(string[] options)
        {
            var work = Path.Combine(directory.FullName, $"{Guid.NewGuid():N}");
            return LcmProcess.Start(
                directory.FullName, [.. options, "--port", $"{Server.FreePort()}", "--work-dir", work]);
        }
    }

    private static string Policy(int app) => string.Create(CultureInfo.InvariantCulture, $$"""
        policy: p{{app}}
        app: /app-{{app}}
        instances: { min: 1, max: 9 }
        metrics:
          load: { prometheus: load, across: sum }
        rules:
          - { rule: more, when: load > {{20 + app % 7}}, then: { add: 1 } }
          - { rule: many, when: load > {{200 + app}}, then: { add: 2 } }
        """);

    private static async Task<string[]> StateAsync(string state)
    {
        var name = $"failover{Guid.NewGuid():N}";
        if (state == "zookeeper") return ["--state", $"zk://{Server.ZooKeeper()}/{name}"];
        var connection = new NpgsqlConnectionStringBuilder(Server.PostgreSql());
        await using var server = NpgsqlDataSource.Create(connection.ConnectionString);
        await using (var create = server.CreateCommand($"CREATE DATABASE {name}")) await create.ExecuteNonQueryAsync();
        return ["--state", $"postgres://{connection.Username}@{connection.Host}:{connection.Port}/{name}"];
    }

    private static Task LeadsAsync(LcmProcess manager) => AwaitAsync(
        () => manager.Lines.Any(line => line.Contains(Leads, StringComparison.Ordinal)), "a leader", manager);

    private static async Task AwaitAsync(Func<bool> happened, string what, LcmProcess manager)
    {
        var began = Stopwatch.GetTimestamp();
        while (!happened())
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"{what} did not come\n{string.Join('\n', manager.Lines.TakeLast(20))}");
            await Task.Delay(10);
        }
    }

    private static async Task<bool> AnswerAsync(HttpContext http, int port, bool isHigh)
    {
        if (http.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal))
        {
            http.Response.ContentType = "text/plain; version=0.0.4";
            await http.Response.WriteAsync(isHigh ? "load 30\n" : "load 10\n");
            return true;
        }

        if (http.Request.Path != "/v2/tasks") return false;
        await http.Response.WriteAsJsonAsync(new JsonObject
        {
            ["tasks"] = new JsonArray([.. Enumerable.Range(0, Apps).Select(i => new JsonObject
            {
                ["id"] = $"app-{i}.1",
                ["appId"] = $"/app-{i}",
                ["host"] = "127.0.0.1",
                ["ports"] = new JsonArray(port),
                ["state"] = "TASK_RUNNING",
                ["startedAt"] = "2026-01-01T00:00:00.000Z",
                ["stagedAt"] = "2026-01-01T00:00:00.000Z",
                ["version"] = "2026-01-01T00:00:00.000Z",
            })]),
        });
        return true;
    }
}
