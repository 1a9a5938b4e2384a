using System.Net.Http.Json;
using LifecycleManager.Metrics.Api;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A collector in a host of its own, with its API, beside a fake scheduler.</summary>
internal sealed class CollectorUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CollectorUnderTest(WebApplication app)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public MetricsCollector Collector => _app.Services.GetRequiredService<MetricsCollector>();

    public static async Task<CollectorUnderTest> StartAsync(
        FakeScheduler scheduler, Func<CollectorOptions, CollectorOptions>? configure = null)
    {
        var options = new CollectorOptions
        {
            Scheduler = scheduler.Server.Url,
            Interval = TimeSpan.FromMilliseconds(300),
            DiscoveryInterval = TimeSpan.FromSeconds(1),
            // Generous, since the machine may be busy; tests of staleness set their own.
            Staleness = TimeSpan.FromMinutes(1),
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Prometheus.Metrics.NewCustomRegistry());
        builder.Services.AddCollector(configure?.Invoke(options) ?? options);
        var app = builder.Build();
        app.MapCollector();
        app.MapMetrics("/metrics", app.Services.GetRequiredService<CollectorRegistry>());
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new CollectorUnderTest(app);
    }

    public void Demand(params (string App, MetricQuery Query)[] demands) =>
        Collector.Demand([.. demands.Select(demand => new MetricDemand(demand.App, demand.Query))]);

    /// <summary>Waits for a reading that fulfils a condition; fails with the last one.</summary>
    public async Task<MetricReading> ReadAsync(string app, MetricQuery query, Func<MetricReading, bool>? until = null)
    {
        MetricReading reading = default;
        await Eventually.TrueAsync(
            () =>
            {
                reading = Collector.Read(app, query, DateTimeOffset.UtcNow);
                return until?.Invoke(reading) ?? reading.IsKnown;
            },
            $"the reading of {app}", more: () => $"the last is {reading}");
        return reading;
    }

    public async Task<TargetsAnswer> TargetsAsync(string query = "") =>
        (await Http.GetFromJsonAsync<TargetsAnswer>("/v1/targets" + query, TestContext.Current.CancellationToken))!;

    /// <summary>Waits for one target that fulfils a condition.</summary>
    public Task<TargetAnswer> TargetAsync(Func<TargetAnswer, bool> until)
    {
        IReadOnlyList<TargetAnswer> targets = [];
        return Eventually.GetAsync(
            async () =>
            {
                targets = (await TargetsAsync()).Targets;
                return targets.FirstOrDefault(until);
            },
            "the target", more: () => $"the targets are {string.Join('\n', targets)}");
    }

    /// <summary>Waits for a target that is down for a reason; on a busy machine it may be down for another one before.</summary>
    public Task<TargetAnswer> DownAsync(string reason, string? kind = null) => TargetAsync(target =>
        target.State == "down" && (kind ?? target.Kind) == target.Kind
        && target.LastError!.Contains(reason, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
