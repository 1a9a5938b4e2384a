using LifecycleManager.Metrics;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Scaling.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Scaling.Tests.Targets;

/// <summary>A scheduler and its standbys: whoever answers is asked, read and scaled.</summary>
public sealed class StandbyTests
{
    private static readonly Uri Dead = new("http://127.0.0.1:9");

    [Fact]
    public async Task The_address_that_answers_is_read_and_scaled()
    {
        await using var marathon = await FakeMarathon.StartAsync();
        marathon.Add("/search", 2);
        await using var services = Services(new ManagerOptions { Scheduler = Dead, OtherSchedulers = [Dead, marathon.Address] });
        var target = services.GetRequiredService<IScalingTarget>();
        var app = Assert.Single(await target.GetAppsAsync(CancellationToken.None));
        Assert.Equal(("/search", 2), (app.Id, app.Instances));
    }

    [Fact]
    public async Task One_that_dies_is_followed_by_the_next()
    {
        await using var second = await FakeMarathon.StartAsync();
        var first = await FakeMarathon.StartAsync();
        first.Add("/first", 1);
        second.Add("/second", 1);
        await using var services = Services(new ManagerOptions { Scheduler = first.Address, OtherSchedulers = [second.Address] });
        var target = services.GetRequiredService<IScalingTarget>();
        Assert.Equal("/first", Assert.Single(await target.GetAppsAsync(CancellationToken.None)).Id);
        await first.DisposeAsync();
        Assert.Equal("/second", Assert.Single(await target.GetAppsAsync(CancellationToken.None)).Id);
    }

    [Fact]
    public async Task The_collector_finds_its_targets_there_too()
    {
        await using var marathon = await FakeMarathon.StartAsync();
        marathon.Add("/search", 1);
        var options = new CollectorOptions { Scheduler = Dead, OtherSchedulers = [marathon.Address] };
        using var collector = new MetricsCollector(options, TimeProvider.System, Prometheus.Metrics.NewCustomRegistry(),
            NullLoggerFactory.Instance);
        await collector.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => marathon.Requests.Any(request =>
            request.Contains("/v2/tasks", StringComparison.Ordinal)));
        await collector.StopAsync(CancellationToken.None);
    }

    private static ServiceProvider Services(ManagerOptions options) =>
        new ServiceCollection().AddLogging().AddScalingTarget(options).BuildServiceProvider();
}
