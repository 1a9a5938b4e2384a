using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// The jobs of sources that have no instances, Prometheus servers and RabbitMQ: one for each query, whichever apps have it.
/// </summary>
internal sealed class SourceJobs(ScrapeContext context, ScrapeSchedule schedule)
{
    private readonly Dictionary<SeriesKey, SourceJob> _jobs = [];

    /// <summary>The job of a query that is demanded and whose source is configured.</summary>
    public SourceJob this[SeriesKey key] => _jobs[key];

    /// <summary>Makes the jobs those of these queries; others than these sources' are left out.</summary>
    public void Demand(IEnumerable<MetricQuery> queries)
    {
        var wanted = queries.Where(query => query.Source is MetricSource.PromQl or MetricSource.RabbitMq)
            .GroupBy(SeriesKey.Of).ToDictionary(group => group.Key, group => group.Max(context.Retention));
        foreach (var gone in _jobs.Keys.Where(key => !wanted.ContainsKey(key)).ToArray())
        {
            schedule.Remove(_jobs[gone]);
            _jobs.Remove(gone);
        }

        foreach (var (key, retention) in wanted)
        {
            if (!_jobs.TryGetValue(key, out var job))
            {
                if (Create(key) is not { } created) continue;
                _jobs.Add(key, job = created);
                schedule.Add(job);
            }

            job.Set.Retention = retention;
        }
    }

    private SourceJob? Create(SeriesKey key) => key.Source switch
    {
        MetricSource.PromQl when context.Options.Prometheus is { } server => new PromQlJob(context, key, server),
        MetricSource.RabbitMq when context.Options.RabbitMq is { } management => new RabbitMqJob(context, key, management),
        _ => null,
    };
}
