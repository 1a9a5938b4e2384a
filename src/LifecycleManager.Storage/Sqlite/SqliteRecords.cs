using System.Data.Common;
using LifecycleManager.Storage.Records;
using Microsoft.Data.Sqlite;

namespace LifecycleManager.Storage.Sqlite;

/// <summary>Tables of records in a file of their own.</summary>
internal sealed class SqliteRecords(string path) : IRecordDatabase
{
    private const int ApplicationId = 0x6C636D02;
    private const int Version = 1;

    private SqliteDatabase? _database;

    // A file that is deleted while it is open takes writes all the same, which nobody ever reads.
    public bool IsGone => !File.Exists(path);

    public Task OpenAsync(IReadOnlyList<RecordSchema> schemas, CancellationToken cancellation) => Task.Run(
        () =>
        {
            _database?.Close();
            _database = SqliteDatabase.Open(path,
                new SqliteSchema(ApplicationId, Version, string.Join('\n', schemas.Select(schema => Sql(schema).Create))));
        },
        cancellation);

    public RecordSql Sql(RecordSchema schema) => new(schema, "TEXT", "INTEGER", isSqlite: true);

    // SQLite works on the thread that calls it: not on one that serves others.
    public Task<T> UseAsync<T>(string done, Func<DbConnection, Task<T>> action, CancellationToken cancellation) => Task.Run(
        async () =>
        {
            try
            {
                await using var connection = _database!.Connect();
                return await action(connection);
            }
            catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CORRUPT)
            {
                throw new StateFormatException($"{path} is damaged: {e.Message}", e);
            }
            catch (SqliteException e)
            {
                throw new StateUnavailableException($"{path} cannot be {done}: {_database!.Explain(e)}", e);
            }
        },
        cancellation);

    public ValueTask DisposeAsync()
    {
        _database?.Close();
        return ValueTask.CompletedTask;
    }
}
