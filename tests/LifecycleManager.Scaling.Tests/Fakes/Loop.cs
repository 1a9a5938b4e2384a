using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Scaling.Tests.Fakes;

/// <summary>An evaluator with real rules and a real HTTP client, over a fake scheduler, fake metrics and a clock of its own.</summary>
internal sealed class Loop : IAsyncDisposable
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

    private readonly ServiceProvider _services;
    private readonly StateBackend _backend;
    private readonly ManagerOptions _options;
    private ILeadership? _office;

    private Loop(FakeMarathon marathon, StateBackend backend, ManagerOptions options)
    {
        Marathon = marathon;
        _backend = backend;
        _options = options;
        Store = new FaultyStore(backend.Store);
        var services = new ServiceCollection();
        services.AddScalingTarget(options);
        _services = services.BuildServiceProvider();
        Target = _services.GetRequiredService<IScalingTarget>();
        Log = null!;
        Pauses = null!;
        History = null!;
        Evaluator = null!;
        Registry = null!;
    }

    public FakeMarathon Marathon { get; }
    public FakeMetrics Metrics { get; } = new();
    public FaultyStore Store { get; }
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    public IScalingTarget Target { get; }
    public PolicySet Policies { get; set; } = PolicySet.Empty;
    public DecisionLog Log { get; private set; }
    public PauseBook Pauses { get; private set; }
    public MetricHistory History { get; private set; }
    public Evaluator Evaluator { get; private set; }
    public CollectorRegistry Registry { get; private set; }
    public Fence Fence => _office!.Fence;

    public static async Task<Loop> StartAsync(string policies = Search, Func<ManagerOptions, ManagerOptions>? configure = null)
    {
        var marathon = await FakeMarathon.StartAsync();
        var options = new ManagerOptions
        {
            Scheduler = marathon.Address, CallTimeout = TimeSpan.FromSeconds(5), AttemptTimeout = TimeSpan.FromSeconds(2),
        };
        options = configure?.Invoke(options) ?? options;
        var backend = await StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);
        var loop = new Loop(marathon, backend, options) { Policies = Parse(policies) };
        await loop.StartManagerAsync();
        return loop;
    }

    public static PolicySet Parse(string yaml)
    {
        var file = PolicyParser.Parse("test.yml", yaml);
        Assert.DoesNotContain(file.Problems, problem => problem.Severity == PolicySeverity.Error);
        return new PolicySet(file.Policies);
    }

    /// <summary>Starts a manager of its own memory over what is stored.</summary>
    public async Task StartManagerAsync()
    {
        Registry = Prometheus.Metrics.NewCustomRegistry();
        Log = new DecisionLog(Store, _options, Time, NullLogger<DecisionLog>.Instance);
        Pauses = new PauseBook(Store, Time);
        History = new MetricHistory(_options);
        Evaluator = new Evaluator(
            Target, new DecisionEngine(new BuiltInRuleEngine()), Metrics, Metrics.Demand, () => Policies, Log, Pauses, History,
            new ForecastHistory(Store, NullLogger<ForecastHistory>.Instance), new ManagerMetrics(Registry), _options, Time, NullLogger<Evaluator>.Instance);
        _office = await _backend.Election.StandAsync("manager", "http://127.0.0.1:8090");
        await Evaluator.BeginAsync(_office, default);
    }

    /// <summary>As a kill: what was under way is cut off, nothing is written any more.</summary>
    public async Task KillManagerAsync()
    {
        Store.Failure = new StateUnavailableException("killed");
        await _office!.DisposeAsync();
        await Evaluator.DisposeAsync();
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
        return Evaluator.TickAsync("tick", null, default);
    }

    /// <summary>Waits until no change is under way, then lets the clock go on so that the next tick sees what came of it.</summary>
    public async Task SettledAsync()
    {
        await Until(() => Evaluator.InFlight == 0, "changes are still under way");
        Time.Advance(TimeSpan.FromMilliseconds(1));
    }

    public static async Task Until(Func<bool> condition, string otherwise)
    {
        for (var i = 0; i < 1500; i++)
        {
            if (condition()) return;
            await Task.Delay(20);
        }

        Assert.Fail(otherwise);
    }

    public IReadOnlyList<DecisionRecord> Records(string? app = null) => Log.Archive.Query(new DecisionFilter { App = app }).Decisions;

    public async Task<string> MetricsTextAsync()
    {
        using var text = new MemoryStream();
        await Registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Marathon.Fault = null;
        await Evaluator.DisposeAsync();
        if (_office is not null) await _office.DisposeAsync();
        Log.Dispose();
        Pauses.Dispose();
        await _services.DisposeAsync();
        await Marathon.DisposeAsync();
        await _backend.DisposeAsync();
    }
}
