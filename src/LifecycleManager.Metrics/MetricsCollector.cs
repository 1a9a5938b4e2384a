using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Metrics.Collecting;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Metrics;

/// <summary>
/// Collects what is demanded of the apps' instances and answers what it was over windows of time. Reading is safe from any
/// thread, never waits for the network, and allocates nothing where there is a value.
/// </summary>
/// <remarks>
/// <para>An instance's value is the sum of its series that match, as the actuator adds up tags that are left out, or what
/// <see cref="MetricQuery.Within"/> says; then instances are joined. A histogram's buckets of all instances make one distribution
/// for <see cref="Aggregation.Avg"/> and <see cref="Aggregation.Sum"/>; for the others the quantile is taken an instance at a
/// time.</para>
/// <para>Where an instance that should report is silent, a reading is an interval: <see cref="InstanceJoin"/>.</para>
/// <para>A value is missing, with its reason, where the newest sample is older than <see cref="CollectorOptions.Staleness"/>,
/// whatever the window; where a rate has fewer than two samples; and where the result is not finite.</para>
/// </remarks>
public sealed class MetricsCollector : IMetricReader, IHostedService, IDisposable
{
    private readonly CollectorOptions _options;
    private readonly TimeProvider _time;
    private readonly ScrapeClient _client;
    private readonly HttpClient _scheduler;
    private readonly MarathonDiscovery _discovery;
    private readonly ScrapeContext _context;
    private readonly SourceServers _servers;
    private readonly CollectorInputs _inputs;
    private readonly RoleHealth _health;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private CollectorTerm? _term;
    private bool _disposed;

    /// <summary>Makes a collector that does nothing until it is started.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="registry">Gets its own metrics.</param>
    /// <param name="loggers">Gets what changes.</param>
    /// <param name="health">Gets its loops and their failures; null where health is not reported.</param>
    public MetricsCollector(
        CollectorOptions options, TimeProvider time, CollectorRegistry registry, ILoggerFactory loggers,
        RoleHealth? health = null)
    {
        (_health, _log) = (health ?? new RoleHealth(time), loggers.CreateLogger<MetricsCollector>());
        options.Check();
        (_options, _time) = (options, time);
        Usages = new ContainerUsages
        {
            Problem = options.Masters is null ? "the collector knows no master, whose agents would be asked" : null,
        };
        _inputs = new CollectorInputs(Usages);
        Usages.Changed += () => Volatile.Read(ref _term)?.Wake();
        _client = new ScrapeClient(options);
        var credentials = new CredentialStore(options.Credentials);
        _scheduler = options.Schedulers is { } schedulers
            ? SchedulerHttp.Create(schedulers, new SchedulerCredential(credentials), options.ClusterTls) : new HttpClient();
        var metrics = new CollectorMetrics(registry);
        Pushed = new PushedStore(options, time, metrics, Arrivals);
        _discovery = new MarathonDiscovery(options, MarathonApi.For(_scheduler), _health, time, loggers);
        _context = new ScrapeContext(options, time, _client, credentials, new TlsStore(options.Tls), new RetryBudget(),
            metrics);
        _servers = new SourceServers(options, credentials, time, _log);
        registry.AddBeforeCollectCallback(() => metrics.Count(Jobs));
    }

    /// <summary>Gets the apps that have new samples: scraped, asked of a source without instances, or pushed.</summary>
    public MetricArrivals Arrivals { get; } = new();

    /// <summary>What the containers of all apps use, while somebody wants it.</summary>
    public ContainerUsages Usages { get; }

    /// <summary>
    /// Has apps shown in the collector's own metrics only while that is so, for managers that stand by for each other: one that
    /// was deposed goes on collecting, to be ready, and leaves it to the leader to show the apps.
    /// </summary>
    /// <param name="leads">Asked at each scrape; by default apps are always shown.</param>
    public void ShowAppsWhile(Func<bool> leads) => _context.Metrics.ShowAppsWhile(leads);

    /// <summary>
    /// What is wrong with the file of named servers, for the manager's health: it is refused whole, and its last good version
    /// stays in force. Null where nothing is.
    /// </summary>
    public string? SourcesProblem => _servers.Problem;

    internal CollectorOptions Options => _options;

    internal TimeProvider Time => _time;

    internal PushedStore Pushed { get; }

    internal DiscoveryState Discovery => _discovery.State;

    internal ScrapeJob[] Jobs => Volatile.Read(ref _term)?.Jobs ?? [];

    /// <summary>
    /// Replaces what is collected, within moments. Costs nothing where it is given the same collection again; call it at each
    /// tick or when policies or apps change.
    /// </summary>
    public void Demand(IReadOnlyCollection<MetricDemand> demands)
    {
        if (ReferenceEquals(_inputs.Demands, demands)) return;
        _inputs.Demands = demands;
        Volatile.Read(ref _term)?.Wake();
    }

    /// <inheritdoc/>
    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) =>
        Find(appId, query, out var view, out var missing) is { } bound
            ? MetricReads.Read(view!, bound, now, _options.EffectiveStaleness, _options.StartupTime)
            : MetricReading.Unknown(missing!);

    /// <inheritdoc/>
    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        if (Find(appId, query, out var view, out _) is { } bound)
            MetricReads.ReadInstances(view!, bound, now, _options.EffectiveStaleness, _options.StartupTime, into);
    }

    /// <summary>For how long an app's instances count as starting; null where nothing is collected of it.</summary>
    public StartupTime? Startup(string appId) =>
        Volatile.Read(ref _term)?.Views.GetValueOrDefault(appId)?.Startup.Of(_options.StartupTime);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _work = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A container that knows it under several names disposes of it as often.
        if (Interlocked.Exchange(ref _disposed, true)) return;
        _stop.Cancel();
        _client.Dispose();
        _servers.Dispose();
        _scheduler.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var supervisor = new Supervisor("the collection of metrics", _time, _health, _log);
        await supervisor.RunAsync(
            cancellation =>
            {
                supervisor.Working();
                return RunTermAsync(cancellation);
            },
            _stop.Token);
    }

    /// <summary>
    /// Collects until a loop fails, which ends the others. What was collected can be read until the next term begins.
    /// </summary>
    private async Task RunTermAsync(CancellationToken cancellation)
    {
        using var term = new CollectorTerm(_context, _servers, Pushed, _inputs, Arrivals, _health, _log);
        Volatile.Write(ref _term, term);
        var loops = new List<NamedLoop> { new("the metrics collector", term.RunAsync) { Report = term.Report } };
        if (_options.Scheduler is not null) loops.AddRange(_discovery.Loops(Publish));
        await LoopGroup.RunAsync(_health, cancellation, loops);

        void Publish(TargetSnapshot snapshot)
        {
            _inputs.Targets = snapshot;
            term.Wake();
        }
    }

    private BoundQuery? Find(string appId, MetricQuery query, out CollectedView? view, out string? missing)
    {
        missing = null;
        view = null;
        if (Volatile.Read(ref _term)?.Views.TryGetValue(appId, out view) != true
            || !view!.Queries.TryGetValue(query, out var bound))
        {
            missing = "it is not collected yet";
            return null;
        }

        if (bound.HasInstances && view.Absent is not null && _options.Scheduler is not null
            && _discovery.State is { LastSuccess: null } state)
        {
            missing = state.LastError is null
                ? "the scheduler has not been asked yet"
                : $"the scheduler has never answered: {state.LastError}";
            return null;
        }

        return bound;
    }
}
