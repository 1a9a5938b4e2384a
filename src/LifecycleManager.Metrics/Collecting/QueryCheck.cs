using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>Says what is wrong with a query before anything is collected for it.</summary>
internal static class QueryCheck
{
    /// <summary>Why the query can never have a value here; null where it can.</summary>
    /// <param name="query">The query.</param>
    /// <param name="options">Which sources are configured.</param>
    /// <param name="selector">The selector, for the sources that have one.</param>
    public static string? Problem(MetricQuery query, CollectorOptions options, out SeriesSelector? selector)
    {
        selector = null;
        switch (query.Source)
        {
            // Of a file's servers the question itself is told: it changes.
            case MetricSource.PromQl when options is { SourcesFile: null, Prometheus: null }:
                return "no Prometheus server is configured: --prometheus, or --sources for several";
            case MetricSource.RabbitMq when options is { SourcesFile: null, RabbitMq: null }:
                return "no RabbitMQ management address is configured: --rabbitmq, or --sources for several";
            case MetricSource.Redis or MetricSource.Postgres or MetricSource.Json or MetricSource.Kafka
                when options.SourcesFile is null:
                return $"no {SourceWords.KindOf(query.Source)} server is configured: --sources names a file of them";
            case MetricSource.Kafka:
                return query.From?.Group is null ? "a Kafka topic's lag is of a consumer group: name it"
                    : query.From.Partitions is { } text && !PartitionSet.TryParse(text, out _, out var problem) ? problem : null;
            case MetricSource.PromQl or MetricSource.RabbitMq or MetricSource.Redis or MetricSource.Postgres or MetricSource.Json:
                return null;
            case MetricSource.Container:
                if (!AgentJob.Statistics.Contains(query.Selector))
                    return $"'{query.Selector}' is not a container statistic: {string.Join(", ", AgentJob.Statistics)} are known";
                return options.Master is null ? "container statistics come from the master's agents, and no master is configured"
                    : null;
            default:
                if (!SeriesSelector.TryParse(query.Selector, out selector, out var error)) return error;
                return query.Source == MetricSource.Actuator ? ActuatorQuery.Check(selector!) : null;
        }
    }
}
