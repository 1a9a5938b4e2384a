using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Tables;

public sealed class TableFillerTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    private readonly FaultyTable _table = new(DecisionTable.Schema);
    private readonly DecisionIds _ids = new();
    private DecisionArchive _archive = DecisionArchive.Empty;
    private int _kept = 5_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _table.DisposeAsync();

    [Fact]
    public async Task A_table_has_what_the_state_holds_and_what_is_noted_and_a_new_one_has_it_again()
    {
        Add(3);
        var filler = New(term: 1);
        Assert.Null(filler.Waiting);
        await filler.TurnAsync(Cancellation);
        Assert.Equal(3, (await _table.IdsAsync()).Count);
        foreach (var record in Add(2)) filler.Note(record.Id);
        Assert.Equal(2, filler.Backlog);
        Assert.Equal(2, filler.Waiting!.Count);
        await filler.TurnAsync(Cancellation);
        Assert.Equal(0, filler.Backlog);
        Assert.Equal(Held, await _table.IdsAsync());

        File.Delete(_table.Path);
        await filler.TurnAsync(Cancellation);
        Assert.Equal(Held, await _table.IdsAsync());
    }

    [Fact]
    public async Task A_table_that_is_whole_is_not_written_again()
    {
        Add(5);
        await New(term: 1).TurnAsync(Cancellation);
        Settle(_archive.All.First());
        await New(term: 2).TurnAsync(Cancellation);
        Assert.Equal(5 + 1, _table.Rows);
    }

    [Fact]
    public async Task A_table_that_does_not_work_is_tried_again_and_what_the_state_let_go_meanwhile_is_counted()
    {
        _kept = 4;
        var filler = New(term: 1);
        _table.Failure = new StateUnavailableException("the disk is full");
        foreach (var record in Add(6)) filler.Note(record.Id);
        var first = await filler.TurnAsync(Cancellation);
        Assert.True(await filler.TurnAsync(Cancellation) > first);
        Assert.Equal("the disk is full", filler.Problem);
        Assert.Equal(6, filler.Backlog);

        _table.Failure = null;
        await filler.TurnAsync(Cancellation);
        Assert.Null(filler.Problem);
        Assert.Equal((0, 2L), (filler.Backlog, filler.Lost));
        Assert.Equal(Held, await _table.IdsAsync());
    }

    [Fact]
    public async Task What_a_former_leader_writes_late_changes_nothing()
    {
        var record = Add(1).Single();
        var former = New(term: 1);
        await former.TurnAsync(Cancellation);
        var late = new DecisionSource(() => _archive, 1).Row(record.Id)!;
        Settle(record);
        await New(term: 2).TurnAsync(Cancellation);
        await _table.WriteAsync([late], Cancellation);
        Assert.Equal(DecisionOutcome.Applied, DecisionTable.Read((await _table.FindAsync(record.Id, Cancellation))!)!.Outcome);
    }

    [Fact]
    public async Task Records_go_by_age_a_step_at_a_time_and_are_not_filled_in_again()
    {
        Add(TableRetention.Step + 1);
        var filler = New(term: 1, age: TimeSpan.FromHours(1));
        await filler.TurnAsync(Cancellation);
        _time.Advance(TimeSpan.FromHours(2));
        foreach (var record in Add(1)) filler.Note(record.Id);
        Assert.Equal(TableRetention.BetweenSteps, await filler.TurnAsync(Cancellation));
        Assert.Equal(2, (await _table.IdsAsync()).Count);
        Assert.NotEqual(TableRetention.BetweenSteps, await filler.TurnAsync(Cancellation));
        Assert.Single(await _table.IdsAsync());

        await New(term: 2, age: TimeSpan.FromHours(1)).TurnAsync(Cancellation);
        Assert.Single(await _table.IdsAsync());
    }

    [Fact]
    public async Task The_loop_writes_what_is_noted_while_it_waits()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var filler = New(term: 1);
        var running = filler.RunAsync(ending.Token);
        for (var i = 0; i < 3; i++)
        {
            foreach (var record in Add(1)) filler.Note(record.Id);
            await Eventually.TrueAsync(() => filler.Backlog == 0);
        }

        Assert.Equal(Held, await _table.IdsAsync());
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private IEnumerable<string> Held => _archive.All.Select(record => record.Id).OrderDescending(StringComparer.Ordinal);

    private TableFiller New(long term, TimeSpan? age = null) => new(
        _table, new DecisionSource(() => _archive, term),
        new TableRetention(age ?? TimeSpan.FromDays(90), 1_000_000_000, _time),
        new TableMetrics(Prometheus.Metrics.NewCustomRegistry()), _time, NullLogger.Instance);

    private List<DecisionRecord> Add(int count)
    {
        var records = Enumerable.Range(0, count).Select(i => DecisionRecord.Of(_ids.Next(_time.GetUtcNow()),
            new Decision { At = _time.GetUtcNow(), App = "/a", Policy = "p", From = 1, To = 2, Reason = "r" })).ToList();
        _archive = _archive.With(records, _kept, _kept).Archive;
        return records;
    }

    private void Settle(DecisionRecord record) => _archive = _archive.With(
        [record with { Outcome = DecisionOutcome.Applied, OutcomeAt = _time.GetUtcNow().AddSeconds(2) }], _kept, _kept).Archive;
}
