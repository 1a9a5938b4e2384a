using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Recommending;

public sealed class UsageRecorderTests : IAsyncLifetime, IScalingTarget
{
    private const string App = "/shop/search";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly ContainerUsages _usages = new();
    private readonly RecordingLog _lines = new();
    private StateBackend _backend = null!;
    private ILeadership _lead = null!;
    private FaultyStore _store = null!;
    private IReadOnlyList<MemoryEnd> _ends = [];
    private bool _away;

    public async ValueTask InitializeAsync()
    {
        _backend = await ManagerUnderTest.BackendAsync();
        _lead = await _backend.Election.StandAsync("manager", "http://127.0.0.1:1");
        _store = new FaultyStore(_backend.Store);
        _usages.Want(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _lead.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task An_app_without_a_policy_is_advised_after_a_day()
    {
        var recorder = Recorder();
        recorder.See([Asks(cpus: 2, memory: 1024)], []);
        Assert.Equal("nothing was measured of it yet", Advice(recorder));
        await MeasureAsync(recorder, minutes: 12 * 60);
        Assert.StartsWith("too young: ", Advice(recorder), StringComparison.Ordinal);

        await MeasureAsync(recorder, minutes: (12 * 60) + 2);
        Assert.StartsWith("asks 2 cpus, uses 0.51 at its 90th percentile: 0.59 would do; asks 1024 MB", Advice(recorder),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_counter_that_goes_back_or_is_missing_is_no_sample()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        foreach (var seconds in new[] { 1_000, double.NaN, 1_030, 5, double.NaN, 65 })
        {
            _usages.Add(new ContainerUsage(App, "a", Seconds(), seconds, double.NaN));
            await recorder.TurnAsync(default);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        // From 1,000 to 1,030 and from 5 to 65, each within two minutes.
        var app = Assert.Single(recorder.Recommend(null).Apps);
        Assert.Equal(2, app.Samples);
        await StoreAsync(recorder);
        var stored = Assert.Single((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp).Value;
        Assert.InRange(stored.Cpu.Percentile(0), 0.25, 0.27);
        Assert.InRange(stored.Cpu.Percentile(1), 0.5, 0.53);
        Assert.True(stored.Memory.IsEmpty);
    }

    [Fact]
    public async Task The_same_statistics_again_are_no_sample()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        var same = new ContainerUsage(App, "a", Seconds(), 10, 100e6);
        for (var turn = 0; turn < 5; turn++)
        {
            _usages.Add(same);
            await recorder.TurnAsync(default);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(0, Assert.Single(recorder.Recommend(null).Apps).Samples);
    }

    [Fact]
    public async Task A_successor_goes_on_with_what_was_learnt()
    {
        var recorder = Recorder();
        recorder.See([Asks(cpus: 2, memory: 1024)], []);
        await MeasureAsync(recorder, minutes: (24 * 60) + 15);
        var advice = Advice(recorder);
        await _lead.DisposeAsync();
        _lead = await _backend.Election.StandAsync("manager", "http://127.0.0.1:2");

        var successor = Recorder();
        successor.See([Asks(cpus: 2, memory: 1024)], []);
        Assert.Equal("what is stored of the usage of apps has not been read yet", successor.Recommend(null).Problem);
        await successor.TurnAsync(default);
        Assert.Null(successor.Recommend(null).Problem);
        Assert.Equal(advice, Advice(successor));

        // The one that was deposed learns of it where it writes.
        await MeasureAsync(recorder, minutes: 5);
        await Assert.ThrowsAsync<FencedException>(() => MeasureAsync(recorder, minutes: 10));
    }

    [Fact]
    public async Task A_damaged_record_is_named_and_begins_anew()
    {
        await _backend.Store.WriteAsync(
        [
            new StateWrite(StoredUsages.Key(App), "{"u8.ToArray()),
            new StateWrite(StoredUsages.Prefix + "x", """{"app":"/other","samples":1}"""u8.ToArray()),
        ]);
        var recorder = Recorder();
        recorder.See([Asks()], []);
        await recorder.TurnAsync(default);

        Assert.Equal([StoredUsages.Key(App), StoredUsages.Prefix + "x"], recorder.Recommend(null).SetAside.Order());
        Assert.Contains(_lines.Lines, line => line.Contains(StoredUsages.Key(App), StringComparison.Ordinal));
        await MeasureAsync(recorder, minutes: 15);
        Assert.Equal([StoredUsages.Prefix + "x"], recorder.Recommend(null).SetAside);
        Assert.True((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp.ContainsKey(App));
    }

    [Fact]
    public async Task A_store_that_is_away_is_asked_again_and_told_of_once()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        await MeasureAsync(recorder, minutes: 5);
        _store.Failure = new StateUnavailableException("away");
        await MeasureAsync(recorder, minutes: 15);
        _store.Failure = null;
        await MeasureAsync(recorder, minutes: 1);

        Assert.Single(_lines.Lines, line => line.Contains("cannot be read or stored yet: away", StringComparison.Ordinal));
        var stored = Assert.Single((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp).Value;
        Assert.Equal(20, stored.Samples);
    }

    [Fact]
    public async Task An_app_is_written_at_most_each_ten_minutes()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        await MeasureAsync(recorder, minutes: 61);
        Assert.Equal(6, _store.Writes);
    }

    [Fact]
    public async Task Of_an_app_that_is_gone_nothing_is_left_and_one_that_is_not_listed_is_kept()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        await MeasureAsync(recorder, minutes: 15);
        recorder.See([], []);
        await StoreAsync(recorder);
        Assert.Single((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp);

        recorder.See([], [App]);
        await StoreAsync(recorder);
        Assert.Empty((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp);
        recorder.See([Asks()], []);
        Assert.Equal("nothing was measured of it yet", Advice(recorder));
    }

    [Fact]
    public async Task An_app_that_is_not_listed_is_forgotten_after_eight_days_and_a_listed_one_never()
    {
        var recorder = Recorder();
        recorder.See([Asks()], []);
        await MeasureAsync(recorder, minutes: 15);
        _time.Advance(TimeSpan.FromDays(30));
        await StoreAsync(recorder);
        Assert.Single((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp);

        recorder.See([], []);
        await StoreAsync(recorder);
        Assert.Empty((await StoredUsages.ReadAsync(_store, _lines, default)).ByApp);
    }

    [Fact]
    public async Task Apps_beyond_those_that_are_kept_are_counted()
    {
        var recorder = Recorder();
        for (var i = 0; i < UsageRecorder.MaxApps + 7; i++)
            _usages.Add(new ContainerUsage($"/app-{i}", $"task-{i}", Seconds(), 1, 100e6));
        await recorder.TurnAsync(default);
        Assert.Equal(7, recorder.Recommend(null).LeftOut);
    }

    [Fact]
    public async Task An_end_for_want_of_memory_is_a_step_up_once_also_for_a_successor()
    {
        var recorder = Recorder();
        recorder.See([Asks(memory: 256)], []);
        await MeasureAsync(recorder, minutes: (24 * 60) + 15);
        Assert.InRange(Target(recorder), 200, 260);
        _away = true;
        await MeasureAsync(recorder, minutes: 6);
        Assert.Equal("it is not known which instances ended for want of memory: away", recorder.Recommend(null).Problem);
        _away = false;

        // 100 MiB more than it had, in the bucket of that amount.
        _ends = [new MemoryEnd(App, "dead", _time.GetUtcNow()), new MemoryEnd("/unknown", "x", _time.GetUtcNow())];
        await MeasureAsync(recorder, minutes: 30);
        var target = Target(recorder);
        Assert.InRange(target, 1.15 * 356, 1.15 * 356 * 1.05);
        Assert.Null(recorder.Recommend(null).Problem);
        await StoreAsync(recorder);
        await _lead.DisposeAsync();
        _lead = await _backend.Election.StandAsync("manager", "http://127.0.0.1:2");
        var stored = (await StoredUsages.ReadAsync(_store, _lines, default)).ByApp[App].Memory.Export();
        recorder = Recorder();
        recorder.See([Asks(memory: 256)], []);
        _time.Advance(TimeSpan.FromDays(1));
        await recorder.TurnAsync(default);
        Assert.Equal(target, Target(recorder));
        await MeasureAsync(recorder, minutes: 1);
        await StoreAsync(recorder);
        var again = (await StoredUsages.ReadAsync(_store, _lines, default)).ByApp[App].Memory.Export();
        Assert.Equal(stored.Weights[^1], again.Weights[^1]);
    }

    Task<IReadOnlyList<MemoryEnd>> IScalingTarget.GetMemoryEndsAsync(CancellationToken cancellation) =>
        _away ? throw new TargetUnavailableException("away") : Task.FromResult(_ends);

    string IScalingTarget.Description => "fake";

    Task<IReadOnlyList<ScalableApp>> IScalingTarget.GetAppsAsync(CancellationToken cancellation) =>
        throw new NotSupportedException();

    Task<ScaleResult> IScalingTarget.ScaleAsync(ScaleRequest request, CancellationToken cancellation) =>
        throw new NotSupportedException();

    private UsageRecorder Recorder() =>
        new(_store, this, _usages, _lead.Fence, new Recommender(), _time, _lines.CreateLogger<UsageRecorder>());

    /// <summary>An instance that uses half a cpu and 200 MB, for some minutes.</summary>
    private async Task MeasureAsync(UsageRecorder recorder, int minutes)
    {
        for (var minute = 0; minute < minutes; minute++)
        {
            _usages.Add(new ContainerUsage(App, "a", Seconds(), Seconds() / 2, 200e6));
            await recorder.TurnAsync(default);
            _time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    private async Task StoreAsync(UsageRecorder recorder)
    {
        _time.Advance(UsageRecorder.BetweenWrites);
        await recorder.TurnAsync(default);
    }

    private double Seconds() => _time.GetUtcNow().ToUnixTimeSeconds();

    private static double Target(UsageRecorder recorder) =>
        Assert.Single(recorder.Recommend(App).Apps).Advice.Memory.Target!.Value;

    private static string Advice(UsageRecorder recorder) => Assert.Single(recorder.Recommend(App).Apps).Advice.Text;

    private static ScalableApp Asks(double cpus = 1, double memory = 512) => new()
    {
        Id = App,
        Instances = 2,
        Running = 2,
        Healthy = 2,
        Staged = 0,
        Cpus = cpus,
        Memory = memory,
    };
}
