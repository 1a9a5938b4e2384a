using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using LifecycleManager.Manager;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Benchmarks.Reaction;

/// <summary>
/// How long it takes from a load beyond its threshold to a changed count, at the defaults: the collector and the manager as they
/// are, in one process, between an endpoint of metrics and a target that are not. Each app's load steps at another phase of the
/// scrapes and ticks.
/// </summary>
internal static class ReactionBenchmark
{
    /// <summary>The mean of a real Kubernetes HPA at its defaults: metrics each 15 s, a look each 15 s.</summary>
    private const double HpaMean = 7.4;

    private const string Policy = """
        policy: reaction
        app: /bench/*
        instances: { min: 1, max: 10 }
        metrics:
          load: { prometheus: load, across: sum }
        rules:
          - { rule: more, when: load > 20, then: { add: 1 } }
        scaleOut: { limit: [] }
        """;

    /// <summary>Measures once for each app.</summary>
    /// <param name="output">Where the lines go.</param>
    /// <param name="apps">How many apps, each with a phase of its own.</param>
    public static async Task RunAsync(TextWriter output, int apps)
    {
        var load = new SteppingLoad(apps);
        await using var endpoint = await load.ServeAsync();
        var port = new Uri(endpoint.Urls.Single()).Port;
        var directory = Directory.CreateTempSubdirectory("lcm-reaction-benchmark-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "reaction.yml"), Policy);
            var target = new CountingTarget(apps);
            var options = new ManagerOptions
            {
                RulesDirectory = directory.FullName,
                Safety = new() { ChangesPerMinute = 1_000_000 },
                Collector = new CollectorOptions
                {
                    Scheduler = null,
                    StaticTargets =
                    [
                        .. Enumerable.Range(0, apps).Select(i => new TargetGroup(
                            [$"127.0.0.1:{port}"],
                            new Dictionary<string, string> { ["app"] = CountingTarget.Id(i), ["__metrics_path__"] = $"/{i}" })),
                    ],
                },
            };
            await using var manager = await StartAsync(options, target);
            var interval = options.Collector.Interval;
            await Task.Delay((options.Tick > interval ? options.Tick : interval) * 2);
            using var process = Process.GetCurrentProcess();
            var (cpu, began) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());

            // Over two periods of both, at places that have nothing to do with theirs.
            for (var i = 0; i < apps; i++) load.StepAt(i, interval * 2 * (i * 0.6180339887 % 1));
            var longest = interval * 2 + TimeSpan.FromMinutes(1);
            while (target.Changed.Count < apps && Stopwatch.GetElapsedTime(began) < longest) await Task.Delay(200);
            process.Refresh();
            var share = (process.TotalProcessorTime - cpu) / Stopwatch.GetElapsedTime(began);
            var reactions = target.Changed
                .Select(change => Stopwatch.GetElapsedTime(load.Stepped(change.Key), change.Value).TotalSeconds)
                .Order().ToArray();
            Say($"scrape each {interval.TotalSeconds:0.#} s, tick each {options.Tick.TotalSeconds:0.#} s");
            Say($"{reactions.Length} of {apps} counts changed");
            Say($"after the load's step: {reactions.Average():0.0} s on average, p95 {Quantile(0.95):0.0} s");
            Say($"the Kubernetes HPA at its defaults: {HpaMean} s on average");
            Say($"all in one process, the endpoints included: {share:0.000} cores");

            double Quantile(double q) => reactions[(int)Math.Ceiling((reactions.Length * q) - 1)];
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        void Say(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<WebApplication> StartAsync(ManagerOptions options, IScalingTarget target)
    {
        var backend = await StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Prometheus.Metrics.NewCustomRegistry());
        builder.Services.AddSingleton(backend.Store);
        builder.Services.AddSingleton(backend.Election);
        builder.Services.AddSingleton<RoleHealth>();
        builder.Services.AddSingleton<RoleFailure>();
        builder.Services.AddManager(options);
        builder.Services.AddSingleton(target);
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }

    /// <summary>A load for each app that steps over the threshold at an instant.</summary>
    private sealed class SteppingLoad
    {
        private readonly long[] _steps;

        public SteppingLoad(int apps)
        {
            _steps = new long[apps];
            Array.Fill(_steps, long.MaxValue);
        }

        public void StepAt(int app, TimeSpan delay) => Volatile.Write(
            ref _steps[app], Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency));

        public long Stepped(int app) => Volatile.Read(ref _steps[app]);

        /// <summary>Serves each app's metrics at <c>/number</c>.</summary>
        public async Task<WebApplication> ServeAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            app.Run(async http =>
            {
                var number = int.Parse(http.Request.Path.Value.AsSpan(1), CultureInfo.InvariantCulture);
                http.Response.ContentType = "text/plain; version=0.0.4";
                await http.Response.WriteAsync(Stopwatch.GetTimestamp() >= Stepped(number) ? "load 24\n" : "load 15\n");
            });
            await app.StartAsync();
            return app;
        }
    }

    /// <summary>Counts that are changed at once; remembers when each changed first.</summary>
    private sealed class CountingTarget(int apps) : IScalingTarget
    {
        private readonly int[] _counts = [.. Enumerable.Repeat(2, apps)];

        public string Description => "the benchmark's target";

        public ConcurrentDictionary<int, long> Changed { get; } = new();

        public static string Id(int app) => $"/bench/{app}";

        public Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<ScalableApp>>(
            [
                .. _counts.Select((count, i) => new ScalableApp
                {
                    Id = Id(i),
                    Instances = count,
                    Running = count,
                    Healthy = count,
                    Staged = 0,
                }),
            ]);

        public Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation)
        {
            var app = int.Parse(request.App.AsSpan("/bench/".Length), CultureInfo.InvariantCulture);
            Changed.TryAdd(app, Stopwatch.GetTimestamp());
            _counts[app] = request.Count;
            return Task.FromResult(new ScaleResult(ScaleStatus.Applied));
        }
    }
}
