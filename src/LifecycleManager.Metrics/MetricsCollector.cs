using LifecycleManager.Metrics.Collecting;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Hosting;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Metrics;

/// <summary>
/// Collects what is demanded of the apps' instances and answers what it was over windows of time. Reading is safe from any
/// thread, never waits for the network, and allocates nothing where there is a value.
/// </summary>
/// <remarks>
/// <para>An instance's value is the sum of its series that match (as the actuator adds up tags that are left out), or the least
/// or greatest of them where instances are joined by <see cref="Aggregation.Min"/> or <see cref="Aggregation.Max"/>; then
/// instances are joined. A histogram's buckets of all instances make one distribution for <see cref="Aggregation.Avg"/> and
/// <see cref="Aggregation.Sum"/>; for the others the quantile is taken an instance at a time.</para>
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
    private readonly CollectorLoop _loop;
    private readonly RoleHealth _health;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private IReadOnlyCollection<MetricDemand>? _demands;
    private bool _disposed;

    /// <summary>Makes a collector that does nothing until it is started.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="registry">Gets its own metrics.</param>
    /// <param name="loggers">Told of what changes.</param>
    /// <param name="health">Told of a loop that fails; null for nobody.</param>
    public MetricsCollector(
        CollectorOptions options, TimeProvider time, CollectorRegistry registry, ILoggerFactory loggers, RoleHealth? health = null)
    {
        (_health, _log) = (health ?? new RoleHealth(time), loggers.CreateLogger<MetricsCollector>());
        options.Check();
        (_options, _time) = (options, time);
        _client = new ScrapeClient(options);
        var credentials = new CredentialStore(options.Credentials, time);
        var connections = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(15) };
        HttpMessageHandler addressed = options.Schedulers is { Count: > 1 } schedulers
            ? new AddressListHandler(schedulers) { InnerHandler = connections } : connections;
        _scheduler = new HttpClient(new SchedulerCredential(credentials) { InnerHandler = addressed })
        {
            BaseAddress = options.Scheduler,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var metrics = new CollectorMetrics(registry);
        Pushed = new PushedStore(options, time, metrics);
        _discovery = new MarathonDiscovery(options, MarathonApi.For(_scheduler), time, loggers.CreateLogger<MarathonDiscovery>());
        var context = new ScrapeContext(
            options, time, _client, credentials, new RetryBudget(), metrics);
        _loop = new CollectorLoop(context, Pushed, loggers.CreateLogger<MetricsCollector>());
        registry.AddBeforeCollectCallback(() => metrics.Count(_loop.Jobs));
    }

    internal CollectorOptions Options => _options;

    internal TimeProvider Time => _time;

    internal PushedStore Pushed { get; }

    internal DiscoveryState Discovery => _discovery.State;

    internal ScrapeJob[] Jobs => _loop.Jobs;

    /// <summary>
    /// Replaces what is collected, within moments. Costs nothing where it is given the same collection again; call it at each
    /// tick or when policies or apps change.
    /// </summary>
    public void Demand(IReadOnlyCollection<MetricDemand> demands)
    {
        if (ReferenceEquals(Interlocked.Exchange(ref _demands, demands), demands)) return;
        _loop.Use(demands);
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
        _loop.Dispose();
        _client.Dispose();
        _scheduler.Dispose();
        _stop.Dispose();
    }

    /// <summary>Runs the loops; where one fails, all end, and health says so from then on.</summary>
    private async Task RunAsync()
    {
        var loops = new List<NamedLoop> { new("the metrics collector", _loop.RunAsync) };
        if (_options.Scheduler is not null) loops.Add(new NamedLoop("the discovery of targets", DiscoverAsync));
        try
        {
            await LoopGroup.RunAsync(_health, _stop.Token, loops);
        }
        catch (LoopEndedException e)
        {
            _log.LogError(e, "Nothing is collected any more: {Reason}", e.Message);
            _health.Watch(() => $"nothing is collected: {e.Message}");
        }
    }

    private Task DiscoverAsync(CancellationToken cancellation) => _discovery.RunAsync(
        (snapshot, _) =>
        {
            _loop.Use(snapshot);
            return ValueTask.CompletedTask;
        },
        cancellation);

    private BoundQuery? Find(string appId, MetricQuery query, out AppView? view, out string? missing)
    {
        missing = null;
        if (!_loop.Views.TryGetValue(appId, out view) || !view.Queries.TryGetValue(query, out var bound))
        {
            missing = "it is not collected yet";
            return null;
        }

        if (bound.HasInstances && view.Absent is not null && _options.Scheduler is not null && _discovery.State is { LastSuccess: null } state)
        {
            missing = state.LastError is null
                ? "the scheduler has not been asked yet"
                : $"the scheduler has never answered: {state.LastError}";
            return null;
        }

        return bound;
    }
}
