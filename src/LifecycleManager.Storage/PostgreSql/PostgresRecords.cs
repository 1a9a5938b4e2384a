using System.Data.Common;
using Dapper;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Storage.PostgreSql;

/// <summary>Tables of records in a schema of a database, beside the state where that is there too.</summary>
internal sealed class PostgresRecords(PostgresDatabase database) : IRecordDatabase
{
    private const long MigrationLock = 0x6C636D02;
    private const int Version = 1;

    public bool IsGone => false;

    public Task OpenAsync(IReadOnlyList<RecordSchema> schemas, CancellationToken cancellation) => database.RepeatAsync(
        "opened",
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@MigrationLock)", new { MigrationLock }, transaction);
            await connection.ExecuteAsync($"CREATE SCHEMA IF NOT EXISTS {database.Schema}", transaction: transaction);
            await connection.ExecuteAsync(
                "CREATE TABLE IF NOT EXISTS record_version (name text PRIMARY KEY, version integer NOT NULL)",
                transaction: transaction);
            foreach (var schema in schemas)
            {
                var version = await connection.ExecuteScalarAsync<int?>(
                    "SELECT version FROM record_version WHERE name = @Name", schema, transaction) ?? 0;
                if (version > Version)
                {
                    throw new StateFormatException($"{database.Name} has {schema.Name} in version {version}, written by a newer "
                        + $"version; this one knows up to {Version}");
                }

                if (await connection.ExecuteScalarAsync<string?>("SELECT to_regclass(@table)::text",
                    new { table = $"{database.Schema}.{schema.Name}" }, transaction) is not null) continue;
                await connection.ExecuteAsync(Sql(schema).Create, transaction: transaction);
                await connection.ExecuteAsync(
                    "INSERT INTO record_version VALUES (@Name, @Version) ON CONFLICT (name) DO UPDATE SET version = @Version",
                    new { schema.Name, Version }, transaction);
            }

            await transaction.CommitAsync(cancellation);
            return true;
        },
        cancellation);

    // The order of UTF-8 bytes, as everywhere else.
    public RecordSql Sql(RecordSchema schema) => new(schema, "text COLLATE \"C\"", "bigint", isSqlite: false);

    public Task<T> UseAsync<T>(string done, Func<DbConnection, Task<T>> action, CancellationToken cancellation) =>
        database.RepeatAsync(done, connection => action(connection), cancellation);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
