using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Status;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>
/// A term with real rules and a real HTTP client, over a fake scheduler, fake metrics and a clock of its own.
/// </summary>
internal sealed class TermUnderTest : IAsyncDisposable
{
    public const string Search = """
        policy: search
        app: /brownfield/search
        instances: { min: 1, max: 10 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            then: { add: 1 }
          - rule: idle
            when: tpm < 5 * instances
            then: { remove: 1 }
        scaleOut: { stabilization: 0s, limit: [] }
        scaleIn: { stabilization: 0s, limit: [] }
        """;

    /// <summary>What metrics have been.</summary>
    public MetricExtremes Extremes { get; } = new();

    private readonly ServiceProvider _services;
    private readonly StateBackend _backend;
    private readonly ManagerOptions _options;
    private ILeadership? _leadership;
    private Task _running = Task.CompletedTask;
    private CancellationTokenSource _ending = new();

    private TermUnderTest(FakeMarathon marathon, StateBackend backend, ManagerOptions options)
    {
        Marathon = marathon;
        _backend = backend;
        _options = options;
        Store = new FaultyStore(backend.Store);
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(Lines);
        services.AddScalingTarget(options.ScaledTarget, options.AttemptTimeout, options.CallTimeout);
        _services = services.BuildServiceProvider();
        Target = _services.GetRequiredService<IScalingTarget>();
        History = null!;
        State = null!;
        Term = null!;
        Registry = null!;
    }

    public FakeMarathon Marathon { get; }
    public FakeMetrics Metrics { get; } = new();
    public FaultyStore Store { get; }
    public SettableTime Time { get; } = At(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    public IScalingTarget Target { get; }
    public PolicySet Policies { get; set; } = PolicySet.Empty;
    public FakePolicyEnds Ends { get; } = new();
    public PauseStore Pauses => Term.Pauses;
    public MetricHistory History { get; private set; }
    public ManagerState State { get; private set; }
    public ManagerTerm Term { get; private set; }
    public RoleHealth Health { get; private set; } = null!;

    /// <summary>Reads what is sent as a schedule; by default as people write them.</summary>
    public ReadSchedule ReadSchedule { get; set; } = ScheduleText.Read;

    /// <summary>The term; faulted where a loop of it has failed.</summary>
    public Task Running => _running;

    /// <summary>What the term's parts say.</summary>
    public RecordingLog Lines { get; } = new();
    public CollectorRegistry Registry { get; private set; }
    public Fence Fence => _leadership!.Fence;

    public static async Task<TermUnderTest> StartAsync(string policies = Search,
        Func<ManagerOptions, ManagerOptions>? configure = null)
    {
        var marathon = await FakeMarathon.StartAsync();
        var options = new ManagerOptions
        {
            // Ticks are asked for: the period's own would come in between.
            Tick = TimeSpan.FromDays(1),
            Scheduler = marathon.Address,
            CallTimeout = TimeSpan.FromSeconds(5),
            AttemptTimeout = TimeSpan.FromSeconds(2),
        };
        options = configure?.Invoke(options) ?? options;
        var backend = await StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);
        var loop = new TermUnderTest(marathon, backend, options) { Policies = Parse(policies) };
        await loop.StartManagerAsync();
        return loop;
    }

    public static PolicySet Parse(string yaml)
    {
        var file = PolicyParser.Parse("test.yml", yaml);
        Assert.DoesNotContain(file.Problems, problem => problem.Severity == PolicySeverity.Error);
        return new PolicySet(file.Policies) { Coordinations = file.Coordinations, Budgets = file.Budgets };
    }

    /// <summary>Starts a manager of its own memory over what is stored.</summary>
    public async Task StartManagerAsync()
    {
        Registry = Prometheus.Metrics.NewCustomRegistry();
        Health = new RoleHealth(Time);
        State = new ManagerState();
        History = new MetricHistory(_options);
        var terms = new ManagerTermFactory(
            Target,
            new EvaluationSources(Metrics, Metrics.Demand, () => Policies) { Arrivals = Metrics.Arrivals, Ends = Ends },
            Store, new DecisionFeed(8), History, Extremes, new ScheduleCache(ReadSchedule), new ScheduleMetrics(Registry),
            State, new ManagerMetrics(Registry), _options, Health, Time, Lines);
        _leadership = await _backend.Election.StandAsync("manager", "http://127.0.0.1:8090");
        Term = terms.Create(_leadership, TimeSpan.FromSeconds(15));
        await Term.LoadAsync(default);
        _ending = new CancellationTokenSource();
        _running = Term.RunAsync(_ending.Token);

        // The first tick comes by itself.
        await Term.TickAsync("first", null);
        await SettledAsync();
        Marathon.Requests.Clear();
    }

    /// <summary>Ends the term in order, as a manager that stops.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Stops the manager in order, and has another one take the lead over.</summary>
    public async Task HandOverAsync()
    {
        await EndAsync();
        await _leadership!.DisposeAsync();
        await Term.DisposeAsync();
        await StartManagerAsync();
    }

    /// <summary>As a kill: what was under way is cut off, nothing is written any more.</summary>
    public async Task KillManagerAsync()
    {
        Store.Failure = new StateUnavailableException("killed");
        await _leadership!.DisposeAsync();
        await EndAsync();
        await Term.DisposeAsync();
        Store.Failure = null;
    }

    /// <summary>Some seconds pass and a tick runs; the changes that it sets off are waited for.</summary>
    public async Task<TickReport> TickAsync(double seconds = 5)
    {
        var report = await TickOnlyAsync(seconds);
        await SettledAsync();
        return report;
    }

    public Task<TickReport> TickOnlyAsync(double seconds = 5)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        return Term.TickAsync("tick", null);
    }

    /// <summary>
    /// Waits until no change is under way, then lets the clock go on so that the next tick sees what came of it.
    /// </summary>
    public async Task SettledAsync()
    {
        await Eventually.TrueAsync(() => Term.InFlight == 0);

        // What came of it is on record once the loop answers again.
        await Term.ExplainAsync("/");
        Time.Advance(TimeSpan.FromMilliseconds(1));
    }

    public IReadOnlyList<DecisionRecord> Records(string? app = null) =>
        Term.Archive.Query(new DecisionFilter { App = app }).Decisions;

    /// <summary>The second scrape's text: a counter's first one is zero.</summary>
    public async Task<string> MetricsTextAsync()
    {
        await ScrapeAsync();
        return await ScrapeAsync();
    }

    public async Task<string> ScrapeAsync()
    {
        using var text = new MemoryStream();
        await Registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    private static SettableTime At(DateTimeOffset instant)
    {
        var time = new SettableTime();
        time.SetUtcNow(instant);
        return time;
    }

    public async ValueTask DisposeAsync()
    {
        Marathon.Fault = null;
        if (_leadership is not null) await _leadership.DisposeAsync();
        await EndAsync();
        await Term.DisposeAsync();
        _ending.Dispose();
        await _services.DisposeAsync();
        await Marathon.DisposeAsync();
        await _backend.DisposeAsync();
    }
}
