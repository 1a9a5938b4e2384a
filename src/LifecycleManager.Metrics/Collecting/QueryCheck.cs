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
            case MetricSource.PromQl:
                return options.Prometheus is null ? "no Prometheus server is configured" : null;
            case MetricSource.RabbitMq:
                return options.RabbitMq is null ? "no RabbitMQ management address is configured" : null;
            case MetricSource.Container:
                if (!AgentJob.Statistics.Contains(query.Selector))
                    return $"'{query.Selector}' is not a container statistic: {string.Join(", ", AgentJob.Statistics)} are known";
                return options.Master is null ? "no master is configured, which knows the agents that measure containers" : null;
            default:
                if (!SeriesSelector.TryParse(query.Selector, out selector, out var error)) return error;
                return query.Source == MetricSource.Actuator ? ActuatorJob.Check(selector!) : null;
        }
    }
}
