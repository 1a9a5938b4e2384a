using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Kafka.Tests.Fakes;
using Prometheus;

namespace LifecycleManager.Metrics.Kafka.Tests;

/// <summary>From the file of servers to a reading.</summary>
public sealed class CollectedLagTests
{
    [Fact]
    public async Task A_lag_is_a_metric_and_a_group_without_offsets_is_none_or_idle()
    {
        using var mock = new MockCluster();
        await mock.ProduceAsync("orders", 1, 7);
        mock.Commit("billing", "orders", (1, 2));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"kafka: {{ main: {{ bootstrapServers: '{mock.BootstrapServers}' }} }}");
        using var collector = new MetricsCollector(
            new CollectorOptions
            {
                Scheduler = null,
                SourcesFile = file,
                Interval = TimeSpan.FromMilliseconds(200),
                Staleness = TimeSpan.FromMinutes(1),
                Kafka = new KafkaClients(),
            },
            TimeProvider.System, Prometheus.Metrics.NewCustomRegistry(), new RecordingLog());
        var (lag, none, latest, earliest) = (Lag("billing"), Lag("new"), Lag("new", "latest"), Lag("new", "earliest"));
        collector.Demand([.. new[] { lag, none, latest, earliest }.Select(query => new MetricDemand("/shop/web", query))]);
        await collector.StartAsync(TestContext.Current.CancellationToken);

        await Reads(lag, reading => reading.Value == 5);
        await Reads(none, reading => reading is { IsKnown: false, Absence: Absence.Missing }
            && reading.Missing!.Contains("the group 'new' has committed no offset of 'orders'", StringComparison.Ordinal));
        await Reads(latest, reading => reading is { IsKnown: false, Absence: Absence.Idle });
        await Reads(earliest, reading => reading.Value == 7);
        mock.Commit("billing", "orders", (1, 7));
        await Reads(lag, reading => reading.Value == 0);
        await collector.StopAsync(TestContext.Current.CancellationToken);
        File.Delete(file);

        Task Reads(MetricQuery query, Func<MetricReading, bool> until) => Eventually.TrueAsync(
            () => until(collector.Read("/shop/web", query, DateTimeOffset.UtcNow)),
            more: () => $"{query.From}: {collector.Read("/shop/web", query, DateTimeOffset.UtcNow)}");
    }

    private static MetricQuery Lag(string group, string? reset = null) => new()
    {
        Source = MetricSource.Kafka,
        Selector = "orders",
        From = new SourceSettings { Group = group, OffsetReset = reset },
    };
}
