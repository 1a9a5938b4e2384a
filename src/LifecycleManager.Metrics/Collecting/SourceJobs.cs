using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>The jobs of servers that are no instances: one for each question, whichever apps have it.</summary>
/// <param name="context">What all scrapes share.</param>
/// <param name="schedule">Gets the jobs.</param>
/// <param name="servers">Who is asked.</param>
internal sealed class SourceJobs(ScrapeContext context, ScrapeSchedule schedule, SourceServers servers)
{
    private readonly Dictionary<SeriesKey, SourceJob> _jobs = [];

    /// <summary>The job of a question that is demanded.</summary>
    public SourceJob this[SeriesKey key] => _jobs[key];

    /// <summary>Makes the jobs those of these apps' questions.</summary>
    public void Demand(IEnumerable<(string App, SeriesKey Key, MetricQuery Query)> demands)
    {
        var wanted = demands.GroupBy(demand => demand.Key).ToDictionary(group => group.Key, group => (
            Retention: group.Max(demand => context.Retention(demand.Query)),
            Apps: group.Select(demand => demand.App).Distinct().ToArray()));
        foreach (var gone in _jobs.Keys.Where(key => !wanted.ContainsKey(key)).ToArray())
        {
            schedule.Remove(_jobs[gone]);
            _jobs.Remove(gone);
        }

        foreach (var (key, (retention, apps)) in wanted)
        {
            if (!_jobs.TryGetValue(key, out var job))
            {
                _jobs.Add(key, job = Create(key));
                schedule.Add(job);
            }

            (job.Set.Retention, job.Readers) = (retention, apps);
        }
    }

    private SourceJob Create(SeriesKey key) => key.Source switch
    {
        MetricSource.PromQl => new PromQlJob(context, key, servers),
        MetricSource.RabbitMq => new RabbitMqJob(context, key, servers),
        MetricSource.Redis => new RedisJob(context, key, servers),
        MetricSource.Postgres => new PostgresJob(context, key, servers),
        MetricSource.Json => new JsonJob(context, key, servers),
        MetricSource.Kafka => new KafkaJob(context, key, servers),
        _ => throw new InvalidOperationException($"{key.Source} has no servers"),
    };
}
