using BrownField;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Builder;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>The collector against the sample services, in both of Spring Boot's shapes.</summary>
public sealed class BrownFieldTests
{
    private const string App = "/search-service-1.0";

    private static MetricQuery Actuator(string selector, Aggregation across = Aggregation.Sum) =>
        new() { Source = MetricSource.Actuator, Selector = selector, Across = across };

    [Theory]
    [InlineData(BootShape.One, "gauge.servo.tpm", "/admin")]
    [InlineData(BootShape.Two, "servo.tpm", "/actuator")]
    [InlineData(BootShape.Both, "servo.tpm", "/actuator")]
    [InlineData(BootShape.Two, "gauge.servo.tpm", "/actuator")]
    public async Task Finds_the_actuator_of_either_shape_without_being_told(BootShape boot, string metric, string place)
    {
        await using var search = await SearchAsync(boot);
        await using var scheduler = (await FakeScheduler.StartAsync()).App(App).Task(App, "one", search.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        for (var i = 0; i < 5; i++)
            await search.Http.GetAsync("/search/flights?from=LON&to=NYC", TestContext.Current.CancellationToken);
        collector.Demand((App, Actuator(metric)));

        var reading = await collector.ReadAsync(App, Actuator(metric));
        Assert.True(reading.Value > 0, $"{reading}");
        Assert.Equal((1, 1), (reading.Reporting, reading.Instances));
        var target = Assert.Single((await collector.TargetsAsync()).Targets);
        Assert.Equal(("up", "actuator", "one"), (target.State, target.Kind, target.Instance));
        Assert.EndsWith(place, target.Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reads_a_timer_of_boot_2_by_tags_and_statistic_and_its_histogram_as_text()
    {
        await using var search = await SearchAsync(BootShape.Two);
        await using var scheduler = (await FakeScheduler.StartAsync()).App(App).Task(App, "one", search.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        var ok = Actuator("http.server.requests{statistic=\"COUNT\",status=\"404\"}");
        var none = Actuator("http.server.requests{status=\"418\"}");
        var count = new MetricQuery
        {
            Source = MetricSource.Prometheus,
            Selector = "http_server_requests_seconds_count{status=\"404\"}",
            Across = Aggregation.Sum
        };
        var p95 = new MetricQuery { Source = MetricSource.Histogram, Selector = "http_server_requests_seconds", Quantile = 0.95 };
        collector.Demand((App, ok), (App, none), (App, count), (App, p95));
        for (var i = 0; i < 3; i++) await search.Http.GetAsync("/nowhere", TestContext.Current.CancellationToken);

        await collector.ReadAsync(App, ok, reading => reading.Value == 3);
        await collector.ReadAsync(App, count, reading => reading.Value == 3);
        await collector.ReadAsync(App, p95, reading => reading is { IsKnown: true, Value: > 0 and < 1 });
        var missing = await collector.ReadAsync(App, none, reading =>
            reading.Missing?.Contains("has no metric", StringComparison.Ordinal) == true);
        Assert.Equal(1, missing.Instances);
    }

    [Theory]
    [InlineData(MetricsFault.Error, "500")]
    [InlineData(MetricsFault.Html, "text/html")]
    [InlineData(MetricsFault.Endless, "longer than 100000 bytes")]
    [InlineData(MetricsFault.Hang, "no complete answer within 1 s")]
    public async Task A_fault_marks_the_target_down_with_its_reason(MetricsFault fault, string reason)
    {
        await using var search = await SearchAsync(BootShape.Both, fault);
        await using var scheduler = (await FakeScheduler.StartAsync()).App(App).Task(App, "one", search.Port);
        await using var collector = await CollectorUnderTest.StartAsync(
            scheduler, options =>
            options with { Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), MaxBodyBytes = 100_000 });
        var text = new MetricQuery { Source = MetricSource.Prometheus, Selector = "servo_tpm" };
        collector.Demand((App, Actuator("servo.tpm")), (App, text));

        foreach (var kind in (string[])["actuator", "text"])
        {
            await collector.DownAsync(reason, kind);
        }

        var reading = await collector.ReadAsync(App, text, reading =>
            reading.Missing?.Contains(reason, StringComparison.Ordinal) == true);
        Assert.Contains("down: ", reading.Missing, StringComparison.Ordinal);
        Assert.True(double.IsNaN(reading.Value));
        var metrics = await collector.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("lcm_metrics_targets 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("lcm_metrics_targets_up 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("lcm_metrics_scrape_failures_total{reason=\"", metrics, StringComparison.Ordinal);
        Assert.Contains("lcm_metrics_scrape_seconds_bucket{le=\"", metrics, StringComparison.Ordinal);
    }

    private static async Task<Service> SearchAsync(BootShape boot, MetricsFault fault = MetricsFault.None)
    {
        var app = BrownFieldApp.Build(
            new BrownFieldOptions { Service = ServiceKind.Search, Boot = boot, Fault = fault, Port = 0, Drain = TimeSpan.Zero },
            TimeProvider.System);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Service(app);
    }

    private sealed class Service(WebApplication app) : IAsyncDisposable
    {
        public int Port => new Uri(app.Urls.Single()).Port;

        public HttpClient Http { get; } = new() { BaseAddress = new Uri(app.Urls.Single()) };

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await app.StopAsync(now.Token);
            await app.DisposeAsync();
        }
    }
}
