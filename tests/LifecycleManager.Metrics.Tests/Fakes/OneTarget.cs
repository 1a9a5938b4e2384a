using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Targets;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>One instance whose endpoints are scraped once each time that a test says so, a second apart.</summary>
internal sealed class OneTarget : IDisposable
{
    private readonly FakeTimeProvider _time;
    private readonly ScrapeContext _context;
    private readonly ScrapeClient _client;
    private readonly EndpointHints _hints = new();
    private readonly Dictionary<SeriesKey, SeriesSet> _sets = [];

    /// <summary>An instance on this machine.</summary>
    public OneTarget(
        int port, Dictionary<string, string>? labels = null, Func<CollectorOptions, CollectorOptions>? configure = null,
        string host = "127.0.0.1", FakeTimeProvider? time = null, bool isChecked = false)
    {
        _time = time ?? new FakeTimeProvider(DateTimeOffset.UtcNow);
        var options = new CollectorOptions { Scheduler = null };
        options = configure?.Invoke(options) ?? options;
        _client = new ScrapeClient(options);
        _context = new ScrapeContext(options, _time, _client, new CredentialStore(options.Credentials), new TlsStore(options.Tls),
            new RetryBudget(), new CollectorMetrics(Prometheus.Metrics.NewCustomRegistry()));
        Instance = new CollectedInstance(
            new Target("one", "/a", host, [port], null, true) { IsChecked = isChecked },
            new TargetApp("/a", AppMetricsLabels.Parse(labels)));
    }

    public CollectedInstance Instance { get; }

    public static MetricQuery Text(string selector) => new() { Source = MetricSource.Prometheus, Selector = selector };

    public static MetricQuery Actuator(string selector) => new() { Source = MetricSource.Actuator, Selector = selector };

    /// <summary>The job of the endpoint that all queries are of.</summary>
    public EndpointJob Job(params MetricQuery[] queries)
    {
        var endpoint = EndpointKey.Of(SeriesKey.Of(queries[0]))!.Value;
        EndpointJob job = endpoint.Kind switch
        {
            EndpointKind.Text => new TextJob(_context, Instance, endpoint, _hints),
            EndpointKind.Health => new HealthJob(_context, Instance, endpoint, _hints),
            _ => new ActuatorJob(_context, Instance, endpoint, _hints),
        };
        job.Selections = [.. queries.Select(query =>
        {
            Assert.True(SeriesSelector.TryParse(query.Selector, out var selector, out var error), error);
            return new Selection(SeriesKey.Of(query), selector!, Set(query));
        })];
        return job;
    }

    /// <summary>Scrapes once.</summary>
    public async Task<JobStatus> ScrapeAsync(ScrapeJob job)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        await job.RunAsync(TestContext.Current.CancellationToken);
        return job.Status;
    }

    /// <summary>What a query has at present.</summary>
    public SeriesValue Read(MetricQuery query) =>
        SeriesReader.Read(Set(query), query, _time.GetUtcNow().ToUnixTimeMilliseconds(), 60_000, 0);

    public SeriesSet Set(MetricQuery query)
    {
        if (!_sets.TryGetValue(SeriesKey.Of(query), out var set))
            _sets.Add(SeriesKey.Of(query), set = new SeriesSet(Instance.SyncRoot) { Retention = 3_600_000 });
        return set;
    }

    public void Dispose() => _client.Dispose();
}
