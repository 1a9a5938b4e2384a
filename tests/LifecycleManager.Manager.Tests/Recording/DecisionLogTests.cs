using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Recording;

public sealed class DecisionLogTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    private StateBackend _backend = null!;
    private FaultyStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await StateBackend.OpenAsync("memory:", null, _time, NullLoggerFactory.Instance, default);
        _store = new FaultyStore(_backend.Store);
    }

    public async ValueTask DisposeAsync() => await _backend.DisposeAsync();

    [Fact]
    public async Task It_is_bounded_in_all_and_per_app_and_so_is_the_store()
    {
        var log = New(new ManagerOptions { KeptDecisions = 20, KeptDecisionsPerApp = 5 });
        for (var i = 0; i < 30; i++) await log.RecordAsync([Record(log, "/busy", i)], null, default);
        for (var i = 0; i < 17; i++) await log.RecordAsync([Record(log, $"/app-{i}", i)], null, default);

        Assert.Equal(20, log.Archive.Count);
        Assert.Equal([29, 28, 27], log.Archive.Query(new DecisionFilter { App = "/busy" }).Decisions.Select(record => record.To));

        // Removals ride on the next write.
        await log.RecordAsync([], null, default);
        Assert.Equal(20, await _store.ListAsync(StoredDecisions.Prefix).CountAsync());

        var again = New(new ManagerOptions { KeptDecisions = 20, KeptDecisionsPerApp = 5 });
        await again.LoadAsync(default);
        Assert.Equal(
            log.Archive.Query(new DecisionFilter()).Decisions.Select(record => record.Id),
            again.Archive.Query(new DecisionFilter()).Decisions.Select(record => record.Id));
    }

    [Fact]
    public async Task Ids_grow_when_the_clock_is_set_back_and_after_a_restart()
    {
        var log = New(new ManagerOptions());
        await log.RecordAsync([Record(log, "/a", 1), Record(log, "/a", 2)], null, default);
        _time.AdjustTime(_time.GetUtcNow() - TimeSpan.FromHours(1));
        await log.RecordAsync([Record(log, "/a", 3)], null, default);
        var again = New(new ManagerOptions());
        await again.LoadAsync(default);
        await again.RecordAsync([Record(again, "/a", 4)], null, default);

        var ids = again.Archive.Query(new DecisionFilter()).Decisions.Select(record => record.Id).Reverse().ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(4, ids.Distinct().Count());
        Assert.Equal(4, again.Archive.Last("/a")!.To);
    }

    [Fact]
    public void A_hundred_thousand_ids_of_one_millisecond_are_distinct_and_ordered()
    {
        var ids = new DecisionIds();
        var made = Enumerable.Range(0, 150_000).Select(_ => ids.Next(_time.GetUtcNow())).ToList();
        for (var i = 1; i < made.Count; i++) Assert.True(string.CompareOrdinal(made[i - 1], made[i]) < 0);
    }

    [Fact]
    public async Task Pages_follow_one_another_without_gap_or_overlap_while_new_ones_come()
    {
        var log = New(new ManagerOptions());
        for (var i = 0; i < 25; i++) await log.RecordAsync([Record(log, i % 2 == 0 ? "/a" : "/b", i)], null, default);

        var seen = new List<int>();
        string? before = null;
        do
        {
            var page = log.Archive.Query(new DecisionFilter { Before = before, Limit = 7 });
            seen.AddRange(page.Decisions.Select(record => record.To));
            before = page.Next;
            await log.RecordAsync([Record(log, "/c", 99)], null, default);
        }
        while (before is not null);

        Assert.Equal(Enumerable.Range(0, 25).Reverse(), seen);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_hides_no_other()
    {
        var log = New(new ManagerOptions());
        await log.RecordAsync([Record(log, "/a", 1)], null, default);
        await _store.WriteAsync([new StateWrite(StoredDecisions.Prefix + "20200101T000000000-00000", "{ nonsense"u8.ToArray())]);

        var again = New(new ManagerOptions());
        await again.LoadAsync(default);

        Assert.Equal(1, again.Archive.Count);
    }

    [Fact]
    public async Task Numbers_that_JSON_does_not_have_are_missing_values()
    {
        var log = New(new ManagerOptions());
        var decision = new Decision
        {
            At = _time.GetUtcNow(),
            App = "/a",
            Policy = "p",
            From = 1,
            To = 2,
            Reason = "r",
            Metrics = new Dictionary<string, double?> { ["x"] = double.PositiveInfinity, ["y"] = 1, ["z"] = null },
        };
        await log.RecordAsync([DecisionRecord.Of(log.NextId(), decision)], null, default);

        var again = New(new ManagerOptions());
        await again.LoadAsync(default);

        var metrics = again.Archive.Last("/a")!.Metrics;
        Assert.Null(metrics["x"]);
        Assert.Equal(1, metrics["y"]);
        Assert.Null(metrics["z"]);
    }

    [Fact]
    public async Task A_follower_that_does_not_keep_up_is_dropped_and_the_number_is_bounded()
    {
        var log = New(new ManagerOptions());
        var registry = Prometheus.Metrics.NewCustomRegistry();
        var feed = new DecisionFeed(1, registry);
        using var slow = feed.Subscribe();
        Assert.NotNull(slow);
        Assert.Null(feed.Subscribe());

        // What waits is counted in bytes: many small records or few large ones.
        Assert.Contains("lcm_manager_streams_dropped_total 0", await TextAsync(), StringComparison.Ordinal);
        for (var i = 0; i < 20_000 && feed.Followers > 0; i++)
        {
            feed.Publish(Record(log, "/a", i) with { Reason = new string('x', i % 1_000) });
            Assert.InRange(slow.Waiting, 1, DecisionFeed.MaxWaiting);
        }

        Assert.Equal(0, feed.Followers);
        Assert.True(slow.Waiting > DecisionFeed.MaxWaiting / 2);
        var text = await TextAsync();
        Assert.Contains("lcm_manager_streams_dropped_total 1", text, StringComparison.Ordinal);
        Assert.Contains("lcm_manager_stream_waiting_bytes 0", text, StringComparison.Ordinal);
        var read = 0;
        while (slow.TryRead(out _, out _)) read++;
        Assert.True(read > 100);
        Assert.Equal((0L, false), (slow.Waiting, await slow.WaitAsync(default)));

        // One that is larger than all that may wait is had all the same.
        using var quick = feed.Subscribe();
        feed.Publish(Record(log, "/a", 1) with { Reason = new string('x', (int)DecisionFeed.MaxWaiting) });
        Assert.Equal((1, true), (feed.Followers, quick!.TryRead(out _, out _)));

        async Task<string> TextAsync()
        {
            await using var stream = new MemoryStream();
            await registry.CollectAndExportAsTextAsync(stream, default);
            return System.Text.Encoding.UTF8.GetString(stream.ToArray());
        }
    }

    private DecisionLog New(ManagerOptions options) =>
        new(_store, new DecisionFeed(8), options, _time, NullLogger<DecisionLog>.Instance);

    private DecisionRecord Record(DecisionLog log, string app, int to) => DecisionRecord.Of(
        log.NextId(), new Decision { At = _time.GetUtcNow(), App = app, Policy = "p", From = 1000, To = to, Reason = "because" });
}
