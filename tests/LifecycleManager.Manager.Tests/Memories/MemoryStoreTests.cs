using System.Text;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Manager.Memories;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Tests.Memories;

/// <summary>Limits, cooldowns, stabilization windows and the <c>for</c> of rules outlive a manager.</summary>
public sealed class MemoryStoreTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private static readonly string Limited = TermUnderTest.Search.Replace(
        "scaleOut: { stabilization: 0s, limit: [] }", "scaleOut: { stabilization: 0s, limit: 1 per 10m }",
        StringComparison.Ordinal);

    [Fact]
    public async Task Two_restarts_and_a_failover_are_no_way_around_a_limit()
    {
        await using var term = await GrownAsync();
        await RestartAsync(term);
        await term.TickAsync();
        await term.HandOverAsync();
        await term.TickAsync();
        await RestartAsync(term);
        await term.TickAsync();

        Assert.Equal(3, term.Marathon[App].Instances);
        Assert.Single(term.Marathon.Puts);
        Assert.Contains("limited to 3 by 1 per 10m", term.Records()[0].Reason);

        await term.TickAsync(600);
        Assert.Equal(4, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_cooldown_goes_on()
    {
        await using var term = await GrownAsync(TermUnderTest.Search + "\ncooldown: 5m");
        await RestartAsync(term);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
        await term.TickAsync(290);
        Assert.Equal(4, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_wait_goes_on()
    {
        await using var term = await TermUnderTest.StartAsync(
            TermUnderTest.Search.Replace("then: { add: 1 }", "for: 60s\n    then: { add: 1 }", StringComparison.Ordinal));
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        await term.TickAsync(40);
        await RestartAsync(term);
        await term.TickAsync(10);
        Assert.Empty(term.Marathon.Puts);
        await term.TickAsync(15);
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_peak_holds_scale_in_for_the_rest_of_its_window()
    {
        await using var term = await TermUnderTest.StartAsync(TermUnderTest.Search.Replace(
            "scaleIn: { stabilization: 0s", "scaleIn: { stabilization: 5m", StringComparison.Ordinal));
        term.Marathon.Add(App, 4);
        term.Metrics[App, Tpm] = 30;
        await term.TickAsync();

        // From now on the metric asks for less, and the peak leaves the window five minutes after the last tick that saw it.
        term.Metrics[App, Tpm] = 1;
        await term.TickAsync();
        await term.TickAsync(15);
        await RestartAsync(term);
        await term.TickAsync(270);
        Assert.Empty(term.Marathon.Puts);
        await term.TickAsync(15);
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_whose_answer_nobody_saw_counts_where_it_has_arrived(bool arrived)
    {
        await using var term = await TermUnderTest.StartAsync(Limited);
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 500;
        var called = new TaskCompletionSource();
        term.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            if (arrived) term.Marathon[App].Instances = term.Marathon[App].Running = 3;
            called.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await term.TickOnlyAsync();
        await called.Task;
        await RestartAsync(term);
        term.Marathon.Fault = null;
        await term.TickAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task What_a_change_accounts_for_is_stored_before_it_is_made()
    {
        await using var term = await TermUnderTest.StartAsync(Limited);
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 500;
        StoredCountChange? asked = null;
        term.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            asked = (await StoredAsync(term.Store)).Asked;
            await term.Marathon.PutAsync(http, App);
        });
        await term.TickAsync();
        Assert.Equal((2, 3), (asked!.From, asked.To));

        // And where it cannot be stored, nothing is changed.
        await term.TickAsync(600);
        var made = term.Marathon.Puts.Count;
        term.Store.OnWrite = writes =>
        {
            if (writes.Any(write => write.Key.StartsWith(StoredMemories.Prefix, StringComparison.Ordinal)))
                throw new StateUnavailableException("no disk");
        };
        Assert.Equal(TickOutcome.StoreUnavailable, (await term.TickAsync(600)).Outcome);
        Assert.Equal(made, term.Marathon.Puts.Count);
    }

    [Fact]
    public async Task Quiet_apps_cost_one_small_write_in_ten_seconds_whatever_their_number()
    {
        await using var term = await TermUnderTest.StartAsync(Limited.Replace(App, "/brownfield/*", StringComparison.Ordinal));
        for (var i = 0; i < 300; i++)
        {
            term.Marathon.Add($"/brownfield/a{i}", 4);
            term.Metrics[$"/brownfield/a{i}", Tpm] = 30;
        }

        await term.TickAsync();
        var writes = new List<string>();
        term.Store.OnWrite = batch => writes.AddRange(batch.Select(write => write.Key));
        for (var i = 0; i < 20; i++) await term.TickAsync();
        Assert.Equal(Enumerable.Repeat(StoredMemories.ClockKey, 10), writes);

        // Of an app whose condition comes and goes there is a document, and of it alone.
        writes.Clear();
        term.Metrics["/brownfield/a7", Tpm] = 500;
        await term.TickAsync();
        Assert.Equal([StoredMemories.Key("/brownfield/a7")], writes.Where(key => key.StartsWith(StoredMemories.Prefix,
            StringComparison.Ordinal)).Distinct());
    }

    [Fact]
    public async Task A_store_that_is_away_costs_what_is_remembered_and_no_tick()
    {
        await using var term = await GrownAsync();
        term.Store.OnWrite = _ => throw new StateUnavailableException("no disk");
        for (var i = 0; i < 5; i++) Assert.Equal(TickOutcome.Ok, (await term.TickAsync()).Outcome);
        Assert.Single(term.Lines.Lines, line => line.Contains("What is remembered of apps cannot be stored yet",
            StringComparison.Ordinal));
        term.Store.OnWrite = null;
        await RestartAsync(term);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData("""{"version":1,"app":""", "cannot be used")]
    [InlineData("""{"version":2,"app":"/a","policy":"p","digest":"","at":"2026-11-24T19:00:00Z"}""", "of version 2")]
    [InlineData("""{"version":1,"app":"/a","policy":"p","digest":"","at":"2026-11-24T19:00:00Z"}""", "another app's")]
    [InlineData("""{"version":1,"app":"/a","policy":"p","digest":"","at":"0001-01-01T00:00:00Z"}""", "its values cannot be")]
    public async Task In_place_of_a_document_that_cannot_be_used_the_record_tells_what_was_done(
        string document, string problem)
    {
        await using var term = await GrownAsync();
        await term.KillManagerAsync();
        await term.Store.WriteAsync([new StateWrite(StoredMemories.Key(App), Encoding.UTF8.GetBytes(document))]);
        await term.StartManagerAsync();
        await term.TickAsync();

        Assert.Contains(term.Lines.Lines, line => line.Contains(problem, StringComparison.Ordinal));
        Assert.Equal(3, term.Marathon[App].Instances);
        Assert.Contains("limited to 3 by 1 per 10m", term.Records()[0].Reason);
        await term.TickAsync(600);
        Assert.Equal(4, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task Where_the_record_does_not_tell_either_the_count_is_held_for_the_longest_period()
    {
        await using var term = await GrownAsync();
        await term.KillManagerAsync();
        foreach (var entry in await term.Store.ListAsync(StoredDecisions.Prefix).ToListAsync())
            await term.Store.WriteAsync([StateWrite.Delete(entry.Key)]);
        await term.Store.WriteAsync([new StateWrite(StoredMemories.Key(App), "no document"u8.ToArray())]);
        await term.StartManagerAsync();
        await term.TickAsync();

        Assert.Equal(3, term.Marathon[App].Instances);
        var hold = term.Records()[0];
        Assert.Equal(("memory", DecisionOutcome.Held), (hold.Adjustments[^1].By, hold.Outcome));
        Assert.Contains("what was done to it before cannot be read, until 19:10", hold.Reason);
        await term.TickAsync(600);
        Assert.Equal(4, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task What_an_earlier_version_did_counts_though_it_stored_no_memory()
    {
        await using var term = await GrownAsync();
        await term.KillManagerAsync();
        await term.Store.WriteAsync([StateWrite.Delete(StoredMemories.Key(App)), StateWrite.Delete(StoredMemories.ClockKey)]);
        await term.StartManagerAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_app_that_is_made_anew_begins_anew(bool whileNobodyLed)
    {
        await using var term = await GrownAsync();
        if (whileNobodyLed) await term.KillManagerAsync();
        term.Marathon.Remove(App);
        term.Marathon.Add(App, 2);
        if (whileNobodyLed) await term.StartManagerAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_an_app_that_is_gone_nothing_is_left(bool whileNobodyLed)
    {
        await using var term = await GrownAsync();
        Assert.NotNull(await term.Store.GetAsync(StoredMemories.Key(App)));
        if (whileNobodyLed) await term.KillManagerAsync();
        term.Marathon.Remove(App);
        if (whileNobodyLed) await term.StartManagerAsync();
        await term.TickAsync();
        await term.TickAsync(15);
        Assert.Null(await term.Store.GetAsync(StoredMemories.Key(App)));
    }

    [Fact]
    public async Task A_clock_that_is_set_while_the_manager_runs_is_followed()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var lead = await backend.Election.StandAsync("manager", "http://127.0.0.1:8090");
        var (options, log) = (new ManagerOptions(), new RecordingLog());
        var record = new DecisionLog(
            backend.Store, new DecisionFeed(8), options, TimeProvider.System, log.CreateLogger<DecisionLog>());
        var memories = new MemoryStore(backend.Store, record, options, log.CreateLogger<MemoryStore>());
        var (engine, metrics) = (new DecisionEngine(), new FakeMetrics { [App, Tpm] = 500 });
        engine.Use(TermUnderTest.Parse(Limited));
        var start = new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);

        await TickAsync(2, 0, TimeSpan.Zero);
        await TickAsync(3, 5, TimeSpan.Zero);
        var before = (await StoredAsync(backend.Store)).Changes;
        await TickAsync(3, 10, TimeSpan.FromHours(3));
        var after = (await StoredAsync(backend.Store)).Changes;
        Assert.Equal(start, Assert.Single(before).At);
        Assert.Equal(start.AddHours(3), Assert.Single(after).At);

        async Task TickAsync(int instances, int seconds, TimeSpan off)
        {
            var now = start.AddSeconds(seconds);
            var app = new ScalableApp { Id = App, Instances = instances, Running = instances, Healthy = instances, Staged = 0 };
            engine.Decide(
                new AppRef(App, null), new AppFacts(App, instances, instances, 0, false, now + off) { Steady = now }, metrics);
            await memories.KeepAsync(
                [(app, engine.Memory(App)!.Value)], now + off, now, isEnd: false, lead.Fence, CancellationToken.None);
        }
    }

    /// <summary>From 2 to 3, with metrics that ask for more.</summary>
    private static async Task<TermUnderTest> GrownAsync(string? policy = null)
    {
        var term = await TermUnderTest.StartAsync(policy ?? Limited);
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 500;
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
        await term.TickAsync();
        return term;
    }

    private static async Task RestartAsync(TermUnderTest term)
    {
        await term.KillManagerAsync();
        await term.StartManagerAsync();
    }

    private static async Task<StoredMemory> StoredAsync(IStateStore store)
    {
        var entry = await store.GetAsync(StoredMemories.Key(App));
        return System.Text.Json.JsonSerializer.Deserialize(entry!.Value.Span, MemoryJson.Default.StoredMemory)!;
    }
}
