using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.Sqlite;

/// <summary>
/// The store in one SQLite file. One loop writes; batches that wait while a commit is on its way to the disk share the next one
/// (group commit), each in a savepoint of its own, so that one that is refused takes nothing with it.
/// </summary>
internal sealed partial class SqliteStateStore : IStateStore
{
    private const int MaxQueue = 1024;
    private const int MaxGroup = 256;

    private readonly SqliteDatabase _database;
    private readonly HeldLeaderships _held;
    private readonly ILogger _log;
    private readonly Channel<PendingWrite> _queue = Channel.CreateBounded<PendingWrite>(MaxQueue);
    private readonly Task _writing;

    public SqliteStateStore(SqliteDatabase database, HeldLeaderships held, ILogger log)
    {
        (_database, _held, _log) = (database, held, log);
        _writing = Task.Run(WriteLoopAsync);
    }

    public async Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default)
    {
        StateKeys.Check(key);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            await using var connection = _database.Connect();
            var row = await connection.QuerySingleOrDefaultAsync<Row>("SELECT key, value, version FROM entry WHERE key = @key",
                new { key });
            return row?.ToEntry();
        }
        catch (SqliteException e)
        {
            throw CannotRead(e);
        }
    }

    public async IAsyncEnumerable<StateEntry> ListAsync(string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        StateKeys.CheckPrefix(prefix);
        SqliteConnection connection;
        IAsyncEnumerator<Row> rows;
        try
        {
            // One statement: one snapshot.
            connection = _database.Connect();
            rows = connection.QueryUnbufferedAsync<Row>(
                "SELECT key, value, version FROM entry WHERE key >= @prefix AND (@after IS NULL OR key < @after) ORDER BY key",
                new { prefix, after = StateKeys.After(prefix) }).GetAsyncEnumerator(cancellation);
        }
        catch (SqliteException e)
        {
            throw CannotRead(e);
        }

        await using (connection)
        await using (rows)
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    if (!await rows.MoveNextAsync()) yield break;
                }
                catch (SqliteException e)
                {
                    throw CannotRead(e);
                }

                yield return rows.Current.ToEntry();
            }
        }
    }

    public async Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        StateKeys.Check(writes, fence);
        var pending = new PendingWrite(writes, fence);
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(SqliteStateStore));
        }

        // Cancellation counts until the write begins; after that it runs to its end, so that its outcome is known.
        await using var withdrawal = cancellation.Register(() => pending.Withdraw(cancellation));
        await pending.Done;
    }

    public async ValueTask DisposeAsync()
    {
        if (_queue.Writer.TryComplete()) await _writing;
        _database.Close();
    }

    private async Task WriteLoopAsync()
    {
        var group = new List<PendingWrite>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < MaxGroup && _queue.Reader.TryRead(out var pending))
            {
                if (pending.Begin()) group.Add(pending);
            }

            try
            {
                if (group.Count > 0) WriteGroup(group);
            }
            catch (Exception e)
            {
                // Never expected; whoever waits learns it, and the next group gets its chance.
                foreach (var pending in group)
                    pending.End(new WriteOutcomeUnknownException("the write failed in an unforeseen way", e));
            }
        }
    }

    private void WriteGroup(List<PendingWrite> group)
    {
        var refusals = new Exception?[group.Count];
        var committing = false;
        try
        {
            using var connection = _database.Connect();
            try
            {
                connection.Execute("BEGIN IMMEDIATE");
                for (var i = 0; i < group.Count; i++) refusals[i] = TryApply(connection, group[i]);
                committing = true;
                connection.Execute("COMMIT");
            }
            catch
            {
                // A connection goes back to the pool without a transaction; many errors have ended it already.
                try { connection.Execute("ROLLBACK"); }
                catch (SqliteException) { }
                throw;
            }
        }
        catch (SqliteException e)
        {
            LogFailure(_database.Path, group.Count, _database.Explain(e));
            // An I/O error of the commit can come after its record reached the disk.
            var unknown = committing && e.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_FULL);
            foreach (var pending in group) pending.End(unknown ? Unknown(e) : CannotWrite(e));
            return;
        }

        for (var i = 0; i < group.Count; i++) group[i].End(refusals[i]);
    }

    private Exception? TryApply(SqliteConnection connection, PendingWrite pending)
    {
        connection.Execute("SAVEPOINT batch");
        var refusal = Apply(connection, pending);
        connection.Execute(refusal is null ? "RELEASE batch" : "ROLLBACK TO batch; RELEASE batch");
        return refusal;
    }

    private Exception? Apply(SqliteConnection connection, PendingWrite pending)
    {
        if (pending.Fence is { } fence)
        {
            var newest = connection.ExecuteScalar<long?>("SELECT token FROM fence WHERE name = @Name", fence) ?? 0;
            if (fence.Token < newest) return _held.Refuse(fence);
            if (fence.Token > newest)
            {
                connection.Execute(
                    "INSERT INTO fence (name, token) VALUES (@Name, @Token) ON CONFLICT (name) DO UPDATE SET token = @Token",
                    fence);
            }
        }

        foreach (var write in pending.Writes)
        {
            var version = connection.ExecuteScalar<long?>("SELECT version FROM entry WHERE key = @Key", new { write.Key }) ?? 0;
            if (write.ExpectedVersion is { } expected && expected != version) return new StateConflictException(write.Key);
            if (write.Value is { } value)
            {
                connection.Execute(
                    "INSERT INTO entry (key, value, version) VALUES (@Key, @value, 1) " +
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1",
                    new { write.Key, value = value.ToArray() });
            }
            else if (version > 0)
            {
                connection.Execute("DELETE FROM entry WHERE key = @Key", new { write.Key });
            }
        }

        return null;
    }

    private StateUnavailableException CannotRead(SqliteException e) =>
        new($"{_database.Path} cannot be read: {_database.Explain(e)}", e);

    private StateUnavailableException CannotWrite(SqliteException e) =>
        new($"{_database.Path} cannot be written: {_database.Explain(e)}", e);

    private WriteOutcomeUnknownException Unknown(SqliteException e) =>
        new($"a commit to {_database.Path} failed and may or may not be on the disk: {_database.Explain(e)}", e);

    [LoggerMessage(LogLevel.Error, "{Count} writes to {Path} failed: {Reason}")]
    private partial void LogFailure(string path, int count, string reason);

    private sealed record Row(string Key, byte[] Value, long Version)
    {
        public StateEntry ToEntry() => new(Key, Value, Version);
    }
}
