using System.Collections.Concurrent;
using System.Threading.Channels;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Tables;

/// <summary>
/// Fills a table with what the state holds, while a manager leads: what is noted, and whatever the table lacks when it is opened.
/// The state is what counts; a table that does not work holds nothing up, and is filled once it works again. What waits is bound
/// by what the state keeps: a record that it lets go meanwhile is lost to the table, and counted.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="source">What the state holds.</param>
/// <param name="retention">How much the table keeps.</param>
/// <param name="metrics">Get how it stands.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets when it fails, and when it works again.</param>
internal sealed class TableFiller(
    IRecordTable table, ITableSource source, TableRetention retention, TableMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>A turn that takes longer is told as a problem: 1 min.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromMinutes(1);

    private const int Batch = 200;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, long> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private Task<bool>? _waking;
    private long _notes;
    private long _seeded;
    private long _lost;
    private long _turnBegan;
    private int _failures;
    private volatile string? _problem;

    /// <summary>How many records wait to be written.</summary>
    public int Backlog => _waiting.Count;

    /// <summary>How many records the state has let go before the table took them.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Why it is not filled; null where it is.</summary>
    public string? Problem => Volatile.Read(ref _turnBegan) is var began and not 0
        && time.GetElapsedTime(began) is var age && age > LongestTurn
        ? $"it has not answered for {age.TotalSeconds:0} s" : _problem;

    /// <summary>
    /// The records that the table may lack, or have as they were; null where that may be all, since it was opened anew.
    /// </summary>
    public IReadOnlyCollection<string>? Waiting =>
        Volatile.Read(ref _seeded) == table.Openings && table.Openings > 0 ? [.. _waiting.Keys] : null;

    /// <summary>A record is new, or has changed. Never waits.</summary>
    public void Note(string id)
    {
        _waiting[id] = Interlocked.Increment(ref _notes);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Fills the table until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Volatile.Write(ref _turnBegan, Math.Max(1, time.GetTimestamp()));
            var pause = await TurnAsync(cancellation);
            Volatile.Write(ref _turnBegan, 0);
            if (_problem is not null) await time.DelayAsync(pause, cancellation);
            else await WakeAsync(pause, cancellation);
        }
    }

    /// <summary>Writes what waits, and prunes.</summary>
    /// <returns>When to do it again, at the latest.</returns>
    public async Task<TimeSpan> TurnAsync(CancellationToken cancellation)
    {
        try
        {
            do
            {
                await SeedAsync(cancellation);
                foreach (var batch in _waiting.ToArray().OrderBy(entry => entry.Key, StringComparer.Ordinal).Chunk(Batch))
                    await WriteAsync(batch, cancellation);
            }
            while (_seeded != table.Openings);
            var pause = await retention.PruneAsync(table, metrics, cancellation) ? TableRetention.BetweenSteps : BetweenLooks;
            if (_problem is not null) log.LogInformation("The table {Table} is filled again", table.Schema.Name);
            (_problem, _failures) = (null, 0);
            return pause;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            var isKnown = e.IsStoreFailure() || e is StateFormatException;
            if (_problem is null)
                log.LogError(isKnown ? null : e, "The table {Table} cannot be filled: {Reason}", table.Schema.Name, e.Message);
            _problem = e.Message;
            metrics.Failed(table.Schema.Name);
            return TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_failures++, 10)));
        }
        finally
        {
            metrics.Show(table.Schema.Name, _problem is null, Backlog);
        }
    }

    /// <summary>Once for each opening: whatever the state holds and the table does not, or not as it is now.</summary>
    private async Task SeedAsync(CancellationToken cancellation)
    {
        await table.OpenAsync(cancellation);
        while (table.Openings is var opened && opened != _seeded)
        {
            var held = source.Versions.Where(version => retention.Keeps(version.Changed)).ToList();
            var there = await table.ChangesAsync([.. held.Select(version => version.Id)], cancellation);
            if (table.Openings != opened) continue;
            foreach (var (id, changed) in held)
            {
                if (!there.TryGetValue(id, out var known) || (known - changed).Duration().Ticks >= TimeSpan.TicksPerMicrosecond)
                    Note(id);
            }

            Volatile.Write(ref _seeded, opened);
        }
    }

    private async Task WriteAsync(KeyValuePair<string, long>[] batch, CancellationToken cancellation)
    {
        var rows = batch.Select(entry => source.Row(entry.Key)).OfType<TableRecord>().ToList();
        if (rows.Count > 0) await table.WriteAsync(rows, cancellation);
        metrics.Written(table.Schema.Name, rows.Count);
        var lost = batch.Length - rows.Count;
        if (lost > 0)
        {
            Interlocked.Add(ref _lost, lost);
            metrics.Lost(table.Schema.Name, lost);
            log.LogWarning("Records that the state let go before the table {Table} took them: {Count}", table.Schema.Name, lost);
        }

        // One that was noted meanwhile waits on.
        foreach (var entry in batch) _waiting.TryRemove(entry);
    }

    private async Task WakeAsync(TimeSpan latest, CancellationToken cancellation)
    {
        try
        {
            await (_waking ??= _wake.Reader.ReadAsync(cancellation).AsTask()).WaitAsync(latest, time, cancellation);
            _waking = null;
        }
        catch (TimeoutException)
        {
            // There is something to look after all the same.
        }
    }
}
