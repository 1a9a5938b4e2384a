using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LifecycleManager.Metrics;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Benchmarks.Metrics;

/// <summary>
/// What scraping many targets costs a whole <c>lcm manager</c> at its defaults, policies and decisions included, side by side
/// with the Prometheus server at its usual interval on the same targets. These are addresses of the loopback network (127.1.x.y)
/// behind one server in a process of its own, which is the scheduler, too.
/// </summary>
internal static class ScrapeBenchmark
{
    private const int Samples = 500;
    private const int PerApp = 10;
    private static readonly TimeSpan PrometheusInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(60);

    private const string Policy = """
        policy: scraped
        app: /app-*
        instances: { min: 1, max: 100 }
        metrics:
          load: { prometheus: http_server_requests_seconds_count, rate: 1m, across: sum }
          latency: { histogram: 'http_server_requests_seconds{uri="/search"}', window: 1m }
        rules:
          - { rule: load, target: { metric: load, value: 1000000, per: instance } }
          - { rule: slow, when: p95(latency) > 100, then: { add: 1 } }
        """;

    /// <summary>Measures for a minute after one of warming up.</summary>
    /// <param name="output">Where the table goes.</param>
    /// <param name="targets">How many targets.</param>
    /// <param name="program">The executable and the arguments that start <see cref="ServeAsync"/>.</param>
    public static async Task RunAsync(TextWriter output, int targets, params string[] program)
    {
        string[] arguments = [.. program[1..], targets.ToString(CultureInfo.InvariantCulture)];
        using var server = Process.Start(
            new ProcessStartInfo(program[0], arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        var directory = Directory.CreateTempSubdirectory("lcm-scrape-benchmark-");
        try
        {
            var port = int.Parse((await server.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            var interval = new CollectorOptions { Scheduler = null }.Interval;
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{targets} targets of {Samples} samples: each {interval.TotalSeconds:0} s, by prometheus each 15 s"));
            await ManagerAsync(output, directory.FullName, port);
            await PrometheusAsync(output, directory.FullName, [.. Enumerable.Range(0, targets).Select(i => $"{Host(i)}:{port}")]);
        }
        finally
        {
            server.Kill();
            directory.Delete(recursive: true);
        }
    }

    /// <summary>The targets, and the scheduler that runs them: prints the port, then serves until its input ends.</summary>
    public static async Task ServeAsync(int targets)
    {
        var body = ExpositionText.Make(Samples);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0));
        await using var app = builder.Build();
        app.MapGet("/v2/apps", () => Apps(targets));
        app.MapGet("/v2/tasks", (HttpContext context) => Tasks(targets, context.Connection.LocalPort));
        app.MapGet("/metrics", async context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        });
        await app.StartAsync();
        System.Console.WriteLine(new Uri(app.Urls.Single().Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)).Port);
        await System.Console.In.ReadToEndAsync();
    }

    private static string Host(int target) => $"127.1.{target / 250}.{target % 250 + 1}";

    private static JsonObject Apps(int targets) => new()
    {
        ["apps"] = new JsonArray([.. Enumerable.Range(0, targets).Chunk(PerApp).Select((chunk, i) => new JsonObject
        {
            ["id"] = $"/app-{i}",
            ["instances"] = chunk.Length,
            ["tasksRunning"] = chunk.Length,
            ["tasksStaged"] = 0,
            ["tasksHealthy"] = 0,
            ["tasksUnhealthy"] = 0,
            ["deployments"] = new JsonArray(),
            ["labels"] = new JsonObject { ["lcm.metrics.path"] = "/metrics" },
            ["version"] = "2026-01-01T00:00:00.000Z",
        })]),
    };

    private static JsonObject Tasks(int targets, int port) => new()
    {
        ["tasks"] = new JsonArray([.. Enumerable.Range(0, targets).Select(i => new JsonObject
        {
            ["id"] = $"app-{i / PerApp}.{i}",
            ["appId"] = $"/app-{i / PerApp}",
            ["host"] = Host(i),
            ["ports"] = new JsonArray(port),
            ["state"] = "TASK_RUNNING",
            ["startedAt"] = "2026-01-01T00:00:00.000Z",
            ["stagedAt"] = "2026-01-01T00:00:00.000Z",
            ["version"] = "2026-01-01T00:00:00.000Z",
        })]),
    };

    private static async Task ManagerAsync(TextWriter output, string directory, int scheduler)
    {
        var rules = Directory.CreateDirectory(Path.Combine(directory, "rules"));
        await File.WriteAllTextAsync(Path.Combine(rules.FullName, "scraped.yml"), Policy);
        var port = Server.FreePort();
        await using var manager = LcmProcess.Start(directory,
        [
            "manager", "--port", $"{port}", "--rules", rules.FullName, "--work-dir", Path.Combine(directory, "work"),
            "--scheduler", $"http://127.0.0.1:{scheduler}", "--log-level", "warning",
        ]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var process = Process.GetProcessById(manager.Id);
        await MeasureAsync(output, "lcm manager", process, http, "lcm_metrics_samples_total");
        var answer = (await http.GetStringAsync("/v1/apps")).ReplaceLineEndings("");
        await output.WriteLineAsync($"  {answer[..Math.Min(answer.Length, 400)]}");
    }

    private static async Task PrometheusAsync(TextWriter output, string directory, string[] addresses)
    {
        try
        {
            var config = Path.Combine(directory, "prometheus.yml");
            await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture,
                $"global: {{ scrape_interval: {PrometheusInterval.TotalSeconds:0}s }}\nscrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [{string.Join(',', addresses.Select(address => $"'{address}'"))}]\n"));
            var port = Server.FreePort();
            using var prometheus = Process.Start(new ProcessStartInfo("prometheus",
                [$"--config.file={config}", $"--storage.tsdb.path={directory}/data", $"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error"]))!;
            try
            {
                using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
                // What it really took in: on a busy machine it skips scrapes.
                await MeasureAsync(output, "prometheus", prometheus, http, "prometheus_tsdb_head_samples_appended_total");
            }
            finally
            {
                prometheus.Kill();
                await prometheus.WaitForExitAsync();
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            await output.WriteLineAsync("prometheus is not installed");
        }
    }

    /// <summary>The first minute, with its start, and the one after.</summary>
    private static async Task MeasureAsync(TextWriter output, string who, Process process, HttpClient http, string counter)
    {
        await Task.Delay(WarmUp);
        process.Refresh();
        var (cpu, clock, before) = (process.TotalProcessorTime, Stopwatch.StartNew(), await CountAsync(http, counter));
        await Say("first minute", cpu, WarmUp, before);
        await Task.Delay(Measured);
        process.Refresh();
        await Say("later", process.TotalProcessorTime - cpu, clock.Elapsed, await CountAsync(http, counter) - before);

        Task Say(string when, TimeSpan used, TimeSpan time, double samples) => output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{who,-11} {when,-12} {used / time,6:0.000} cores  {samples,12:0} samples  {used.TotalNanoseconds / samples,8:0} ns/sample  {process.WorkingSet64 / 1024 / 1024,5} MB"));
    }

    private static async Task<double> CountAsync(HttpClient http, string counter) =>
        (await http.GetStringAsync("/metrics")).Split('\n')
            .Where(line => line.StartsWith(counter, StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
}
