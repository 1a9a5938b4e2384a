using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace LifecycleManager.Storage.PostgreSql;

/// <summary>
/// The store in PostgreSQL. A batch is one transaction that holds a share of the fence's row, so that an election, which
/// changes it, waits for the writes before it and refuses those after it.
/// </summary>
/// <remarks>
/// What was promised is as durable as the server's own commits: a standby that is promoted must have been synchronous.
/// </remarks>
internal sealed class PostgresStateStore(PostgresDatabase database, HeldLeaderships held) : IStateStore
{
    private const string Insert = "INSERT INTO entry (key, value, version) VALUES ($1, $2, 1) ON CONFLICT (key) DO ";

    public async Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default)
    {
        StateKeys.Check(key);
        var row = await database.RepeatAsync(
            "read",
            connection => connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
                "SELECT key, value, version FROM entry WHERE key = @key", new { key }, cancellationToken: cancellation)),
            cancellation);
        return row?.ToEntry();
    }

    public async IAsyncEnumerable<StateEntry> ListAsync(string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        StateKeys.CheckPrefix(prefix);

        // One statement: one snapshot. Once its rows flow it cannot be repeated.
        var (connection, rows) = await database.RepeatAsync("read", () => StartListingAsync(prefix, cancellation), cancellation);
        await using (connection)
        await using (rows)
        {
            while (await NextAsync(rows, cancellation))
                yield return new(rows.GetString(0), rows.GetFieldValue<byte[]>(1), rows.GetInt64(2));
        }
    }

    public async Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        StateKeys.Check(writes, fence);
        var refusal = await database.RepeatAsync(
            "written", connection => TryWriteAsync(connection, writes, fence, cancellation), cancellation);
        if (refusal is not null) throw refusal;
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task<(NpgsqlConnection, NpgsqlDataReader)> StartListingAsync(string prefix, CancellationToken cancellation)
    {
        var connection = await database.ConnectAsync(cancellation);
        try
        {
            await using var command = new NpgsqlCommand(
                "SELECT key, value, version FROM entry WHERE key >= $1 AND ($2 IS NULL OR key < $2) ORDER BY key", connection);
            command.Parameters.Add(new NpgsqlParameter { Value = prefix, NpgsqlDbType = NpgsqlDbType.Text });
            command.Parameters.Add(new NpgsqlParameter
            {
                Value = (object?)StateKeys.After(prefix) ?? DBNull.Value,
                NpgsqlDbType = NpgsqlDbType.Text
            });
            return (connection, await command.ExecuteReaderAsync(cancellation));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> NextAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        try
        {
            return await rows.ReadAsync(cancellation);
        }
        catch (Exception e) when (PostgresDatabase.IsTrouble(e))
        {
            throw new StateUnavailableException($"the state in {database.Name} cannot be read to its end: {e.Message}", e);
        }
    }

    /// <summary>Writes, or returns why it was refused. What it throws may be repeated, but for the unknown outcome.</summary>
    private async Task<Exception?> TryWriteAsync(
        NpgsqlConnection connection, IReadOnlyList<StateWrite> writes, Fence? fence, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await ApplyAsync(connection, transaction, writes, fence, cancellation) is { } refusal)
        {
            await transaction.RollbackAsync(cancellation);
            return refusal;
        }

        cancellation.ThrowIfCancellationRequested();
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
            return null;
        }
        catch (Exception e) when (!PostgresDatabase.IsRolledBack(e))
        {
            throw new WriteOutcomeUnknownException($"the answer to a commit in {database.Name} was lost: {e.Message}", e);
        }
    }

    private async Task<Exception?> ApplyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<StateWrite> writes, Fence? fence,
        CancellationToken cancellation)
    {
        // All in one round trip. A statement that a refused one precedes is rolled back with it.
        await using var batch = new NpgsqlBatch(connection, transaction);
        var checks = new NpgsqlBatchCommand?[writes.Count];
        if (fence is not null) batch.BatchCommands.Add(Command("SELECT token FROM fence WHERE name = $1 FOR SHARE", fence.Name));

        // By key (a stable sort, so that the writes of one key keep their order): two batches never wait for each other
        // crosswise.
        foreach (var (index, write) in writes.Index().OrderBy(write => write.Item.Key, StringComparer.Ordinal))
        {
            var command = Command(write);
            batch.BatchCommands.Add(command);
            if (write.ExpectedVersion is not null) checks[index] = command;
            if (write is { Value: null, ExpectedVersion: 0 })
                batch.BatchCommands.Add(Command("DELETE FROM entry WHERE key = $1", write.Key));
        }

        if (batch.BatchCommands.Count == 0) return null;
        var newest = 0L;
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
        {
            if (fence is not null && await reader.ReadAsync(cancellation)) newest = reader.GetInt64(0);
            while (await reader.NextResultAsync(cancellation))
            {
            }
        }

        if (fence is not null && fence.Token < newest) return held.Refuse(fence);
        if (fence is not null && fence.Token > newest)
        {
            var moved = await connection.ExecuteAsync(
                "INSERT INTO fence (name, token) VALUES (@Name, @Token) " +
                "ON CONFLICT (name) DO UPDATE SET token = @Token WHERE fence.token <= @Token",
                fence, transaction);
            if (moved == 0) return held.Refuse(fence);
        }

        var conflict = Array.FindIndex(checks, check => check?.RecordsAffected == 0);
        return conflict < 0 ? null : new StateConflictException(writes[conflict].Key);
    }

    private static NpgsqlBatchCommand Command(StateWrite write) => write switch
    {
        { Value: { } value, ExpectedVersion: null } =>
            Command(Insert + "UPDATE SET value = excluded.value, version = entry.version + 1", write.Key, value),
        { Value: { } value, ExpectedVersion: 0 } => Command(Insert + "NOTHING", write.Key, value),
        { Value: { } value, ExpectedVersion: { } version } =>
            Command("UPDATE entry SET value = $2, version = version + 1 WHERE key = $1 AND version = $3", write.Key, value,
                version),
        { ExpectedVersion: null } => Command("DELETE FROM entry WHERE key = $1", write.Key),

        // The key must not be there: claim it, so that nobody else can put it there before we commit.
        { ExpectedVersion: 0 } => Command(Insert + "NOTHING", write.Key, ReadOnlyMemory<byte>.Empty),
        { ExpectedVersion: { } version } => Command("DELETE FROM entry WHERE key = $1 AND version = $2", write.Key, version),
    };

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            var type = value switch { string => NpgsqlDbType.Text, long => NpgsqlDbType.Bigint, _ => NpgsqlDbType.Bytea };
            command.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = type });
        }

        return command;
    }

    private sealed record Row(string Key, byte[] Value, long Version)
    {
        public StateEntry ToEntry() => new(Key, Value, Version);
    }
}
