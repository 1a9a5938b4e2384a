using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Asks a Kafka cluster how many messages of a topic a consumer group has yet to do.</summary>
internal sealed class KafkaJob(ScrapeContext context, SeriesKey key, SourceServers servers)
    : SourceJob(context, key, servers)
{
    private readonly ConsumerLag _lag = new(key.Selector, key.From!);
    private readonly PartitionSet? _only =
        key.From!.Partitions is { } text && PartitionSet.TryParse(text, out var set, out _) ? set : null;

    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        try
        {
            var offsets = await ((KafkaConnection)connection).Client().ReadAsync(
                Key.Selector, Key.From!.Group!, _only, cancellation);
            if (offsets is null) return SourceAnswer.None($"there is no topic '{Key.Selector}' at {Address}");
            return _only?.Greatest >= offsets.PartitionCount
                ? SourceAnswer.None(
                    $"the topic '{Key.Selector}' has no partition {_only.Greatest}: it has {offsets.PartitionCount}")
                : _lag.Of(offsets, Context.Time.GetElapsedTime(0));
        }
        catch (KafkaClientException e)
        {
            throw new ScrapeException(e.Kind switch
            {
                KafkaFailureKind.Timeout => FailureReason.Timeout,
                KafkaFailureKind.Settings => FailureReason.Configuration,
                _ => FailureReason.Status,
            }, $"{Address}: {e.Message}");
        }
    }
}
