using LifecycleManager.Metrics.Collecting;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>Asks named servers single questions, as the collector's jobs do, without its loops.</summary>
internal sealed class Questions : IDisposable
{
    private readonly ScrapeContext _context;

    public Questions(CollectorOptions options, TimeProvider? time = null)
    {
        Log = new RecordingLog();
        var credentials = new CredentialStore(options.Credentials);
        Servers = new SourceServers(options, credentials, time ?? TimeProvider.System, Log.CreateLogger("servers"));
        _context = new ScrapeContext(options, time ?? TimeProvider.System, null!, credentials, new TlsStore(options.Tls),
            new RetryBudget(), new CollectorMetrics(Prometheus.Metrics.NewCustomRegistry()));
    }

    public SourceServers Servers { get; }

    public RecordingLog Log { get; }

    /// <summary>Options that name a file of servers.</summary>
    public static CollectorOptions Options(string? file = null) =>
        new() { Scheduler = null, SourcesFile = file, Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>The job of a query of the app <c>/shop/web</c>.</summary>
    public SourceJob Job(MetricQuery query, IReadOnlyDictionary<string, string>? labels = null)
    {
        var (key, problem) = QueryKey.Of(query, "/shop/web", labels);
        Assert.True(problem is null, problem);
        SourceJob job = query.Source switch
        {
            MetricSource.PromQl => new PromQlJob(_context, key, Servers),
            MetricSource.RabbitMq => new RabbitMqJob(_context, key, Servers),
            MetricSource.Redis => new RedisJob(_context, key, Servers),
            MetricSource.Postgres => new PostgresJob(_context, key, Servers),
            MetricSource.Kafka => new KafkaJob(_context, key, Servers),
            _ => new JsonJob(_context, key, Servers),
        };
        job.Set.Retention = 60_000;
        return job;
    }

    /// <summary>Asks once: the value; or why there is none, where the server answered or where it did not.</summary>
    public async Task<(double? Value, string? Problem)> AskAsync(
        MetricQuery query, IReadOnlyDictionary<string, string>? labels = null)
    {
        var job = Job(query, labels);
        await job.RunAsync(TestContext.Current.CancellationToken);
        if (job.Status.Up == false) return (null, "down: " + job.Status.Error);
        lock (job.Set.SyncRoot)
        {
            return job.Set.Problem is { } problem ? (null, problem) : (job.Set.Series[0].Samples.Samples[^1].Value, null);
        }
    }

    public void Dispose() => Servers.Dispose();
}
