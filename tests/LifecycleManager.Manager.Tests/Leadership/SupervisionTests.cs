using LifecycleManager.Manager.Status;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Leadership;

/// <summary>
/// What works in a manager's term, killed by an exception: health turns red with the cause, and the manager leads again in a new
/// term.
/// </summary>
public sealed class SupervisionTests : IAsyncDisposable
{
    private const string Rules = """
        policy: search
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            then: { add: 1 }
          - rule: rush
            forecast: { metric: tpm, value: 50, per: instance, season: 1h, step: 1m, ahead: 10m, maxError: 50% }
        """;

    private const string PastSchedule = """
        policy: past
        app: /past
        instances: { min: 1, max: 10 }
        rules:
          - rule: long ago
            schedule: { cron: '0 0 0 1 1 ? 2020', zone: Europe/London }
            then: { set: 2 }
        """;

    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly RecordingLog _log = new();
    private readonly FakeMetrics _metrics = new();
    private FakeMarathon _marathon = null!;
    private Storage.StateBackend _backend = null!;
    private FaultyStore _store = null!;
    private ManagerUnderTest _manager = null!;

    [Fact]
    public Task The_decision_log() => KilledAsync("the evaluation", async () =>
    {
        _store.OnWrite = writes =>
        {
            if (writes.Any(write => write.Key.StartsWith("manager/decisions/", StringComparison.Ordinal)))
                throw new InvalidDataException("killed");
        };
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), Rules);
    });

    [Fact]
    public Task The_schedules() => KilledAsync("the schedules of rules", async () =>
    {
        _log.Kills = "will not fire";
        await File.WriteAllTextAsync(Path.Combine(_rules, "past.yml"), PastSchedule);
    });

    [Fact]
    public async Task The_history_of_forecasts()
    {
        await using var term = await TermUnderTest.StartAsync(Rules);
        term.Marathon.Add("/search", 1);
        term.Metrics["/search", "gauge.servo.tpm"] = 5;
        await term.TickAsync();
        term.Store.OnWrite = writes =>
        {
            if (writes.Any(write => write.Key.StartsWith("manager/forecasts/", StringComparison.Ordinal)))
                throw new InvalidDataException("killed");
        };
        var report = await term.TickOnlyAsync(seconds: 120);
        Assert.Equal((TickOutcome.Failed, "killed"), (report.Outcome, report.Problem));
        await Eventually.TrueAsync(() => term.Running.IsFaulted);
        Assert.Equal(["the evaluation has failed: killed"], term.Health.Verdict().Reasons);
    }

    public async ValueTask DisposeAsync()
    {
        if (_manager is not null) await _manager.DisposeAsync();
        if (_backend is not null) await _backend.DisposeAsync();
        if (_marathon is not null) await _marathon.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    private async Task KilledAsync(string loop, Func<Task> kill)
    {
        _marathon = await FakeMarathon.StartAsync();
        _marathon.Add("/search", 1);
        _metrics["/search", "gauge.servo.tpm"] = 50;
        _backend = await ManagerUnderTest.BackendAsync();
        _store = new FaultyStore(_backend.Store);
        _manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules, store: _store, log: _log);
        await _manager.LeadsAsync();
        Assert.True(_manager.Health.Verdict().IsUp);
        var term = _manager.State.Term;

        await kill();
        await Eventually.TrueAsync(() => _manager.Health.Verdict().Reasons.Any(reason =>
            reason.Contains($"{loop} failed: killed", StringComparison.Ordinal)));
        (_store.OnWrite, _log.Kills) = (null, null);
        await Eventually.TrueAsync(() => _manager.State.Term is { } next && next != term);
    }
}
