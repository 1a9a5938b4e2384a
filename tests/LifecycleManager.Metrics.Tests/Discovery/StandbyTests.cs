using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Metrics.Tests.Discovery;

/// <summary>A scheduler and its standbys: whoever answers is read.</summary>
public sealed class StandbyTests
{
    private static readonly Uri Dead = new("http://127.0.0.1:9");

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
}
