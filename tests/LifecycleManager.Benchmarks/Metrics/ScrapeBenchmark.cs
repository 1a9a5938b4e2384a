using System.Diagnostics;
using System.Globalization;
using System.Net;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Benchmarks.Metrics;

/// <summary>
/// What scraping many targets costs, side by side with the Prometheus server on the same targets. The targets are addresses of
/// the loopback network (127.1.x.y) behind one server in a process of its own, so that only the collectors' cpu time is counted.
/// </summary>
internal static class ScrapeBenchmark
{
    private const int Samples = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Measures for a while after one interval of warming up.</summary>
    /// <param name="output">Where the table goes.</param>
    /// <param name="targets">How many targets.</param>
    /// <param name="program">The executable and the arguments that start <see cref="ServeAsync"/>.</param>
    public static async Task RunAsync(TextWriter output, int targets, params string[] program)
    {
        using var server = Process.Start(
            new ProcessStartInfo(program[0], program[1..]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            var port = int.Parse((await server.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            string[] addresses = [.. Enumerable.Range(0, targets).Select(i => $"127.1.{i / 250}.{i % 250 + 1}:{port}")];
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{targets} targets of {Samples} samples, each {Interval.TotalSeconds:0} s"));
            await CollectorAsync(output, addresses);
            await PrometheusAsync(output, addresses);
        }
        finally
        {
            server.Kill();
        }
    }

    /// <summary>The targets: prints the port, then serves until its input ends.</summary>
    public static async Task ServeAsync()
    {
        var body = ExpositionText.Make(Samples);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0));
        await using var app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        });
        await app.StartAsync();
        System.Console.WriteLine(new Uri(app.Urls.Single().Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)).Port);
        await System.Console.In.ReadToEndAsync();
    }

    private static async Task CollectorAsync(TextWriter output, string[] addresses)
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        var options = new CollectorOptions
        {
            Scheduler = new Uri("http://127.0.0.1:1"),
            Interval = Interval,
            StaticTargets =
            [
                .. addresses.Chunk(10).Select((chunk, i) => new TargetGroup(
                    chunk, new Dictionary<string, string> { ["app"] = $"/app-{i}", ["__metrics_path__"] = "/metrics" })),
            ],
        };
        using var collector = new MetricsCollector(options, TimeProvider.System, registry, NullLoggerFactory.Instance);
        var load = new MetricQuery
        {
            Source = MetricSource.Prometheus,
            Selector = "http_server_requests_seconds_count",
            Function = WindowFunction.Rate,
            Window = TimeSpan.FromMinutes(1),
            Across = Aggregation.Sum
        };
        var p95 = new MetricQuery
        {
            Source = MetricSource.Histogram,
            Selector = "http_server_requests_seconds{uri=\"/search\"}",
            Quantile = 0.95,
            Window = TimeSpan.FromMinutes(1)
        };
        await collector.StartAsync(CancellationToken.None);
        collector.Demand([.. Enumerable.Range(0, (addresses.Length + 9) / 10)
            .SelectMany(i => new[] { new MetricDemand($"/app-{i}", load), new MetricDemand($"/app-{i}", p95) })]);
        await Task.Delay(Interval * 1.5);
        var process = Process.GetCurrentProcess();
        var (cpu, clock, before) = (process.TotalProcessorTime, Stopwatch.StartNew(), await CountAsync(registry));
        await Task.Delay(Interval * 3);
        process.Refresh();
        await Say(output, "collector", process.TotalProcessorTime - cpu, clock.Elapsed, await CountAsync(registry) - before,
            process.WorkingSet64);
        var app = $"/app-{addresses.Length / 20}";
        await output.WriteLineAsync(
            string.Create(CultureInfo.InvariantCulture,
            $"  {app}: {collector.Read(app, load, DateTimeOffset.UtcNow)}, p95 {collector.Read(app, p95, DateTimeOffset.UtcNow).Value:0.###} s"));
        await collector.StopAsync(CancellationToken.None);
    }

    private static async Task<double> CountAsync(Prometheus.CollectorRegistry registry)
    {
        using var text = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Where(line => line.StartsWith("lcm_metrics_samples_total ", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).Single();
    }

    private static async Task PrometheusAsync(TextWriter output, string[] addresses)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-scrape-benchmark-");
        Process? prometheus = null;
        try
        {
            var config = Path.Combine(directory.FullName, "prometheus.yml");
            await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture,
                $"global: {{ scrape_interval: {Interval.TotalSeconds:0}s }}\nscrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [{string.Join(',', addresses.Select(address => $"'{address}'"))}]\n"));
            var port = LifecycleManager.Testing.Server.FreePort();
            prometheus = Process.Start(new ProcessStartInfo("prometheus",
                [$"--config.file={config}", $"--storage.tsdb.path={directory.FullName}/data",
                $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]));
            await Task.Delay(Interval * 1.5);
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            var (cpu, clock, before) = (prometheus!.TotalProcessorTime, Stopwatch.StartNew(), await AppendedAsync(http));
            await Task.Delay(Interval * 3);
            prometheus.Refresh();
            await Say(output, "prometheus", prometheus.TotalProcessorTime - cpu, clock.Elapsed,
                await AppendedAsync(http) - before,
                prometheus.WorkingSet64);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            await output.WriteLineAsync("prometheus is not installed");
        }
        finally
        {
            prometheus?.Kill();
            prometheus?.WaitForExit();
            directory.Delete(recursive: true);
        }
    }

    // What it really took in: on a busy machine it skips scrapes.
    private static async Task<double> AppendedAsync(HttpClient http) =>
        (await http.GetStringAsync("/metrics")).Split('\n')
            .Where(line => line.StartsWith("prometheus_tsdb_head_samples_appended_total", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

    private static Task Say(TextWriter output, string who, TimeSpan cpu, TimeSpan time, double samples, long memory) =>
        output.WriteLineAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"{who,-11} {cpu / time,6:0.000} cores  {samples,12:0} samples  {cpu.TotalNanoseconds / samples,8:0} ns/sample  {memory / 1024 / 1024,5} MB"));
}
