using LifecycleManager.Storage.PostgreSql;
using LifecycleManager.Storage.Records;
using LifecycleManager.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage;

/// <summary>
/// Tables of records by the address of their database: <c>sqlite:PATH</c> or <c>postgres://USER@HOST/DATABASE</c>. Nothing is
/// opened before it is used.
/// </summary>
public sealed class RecordDatabase : IAsyncDisposable
{
    // Whoever reads falls back on the state, and whoever writes tries again: neither waits for long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly IRecordDatabase _database;
    private readonly IReadOnlyList<RecordTable> _tables;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private long _openings;
    private volatile bool _isOpen;

    private RecordDatabase(IRecordDatabase database, string description, IReadOnlyList<RecordSchema> schemas)
    {
        (_database, Description, Schemas) = (database, description, schemas);
        _tables = [.. schemas.Select(schema => new RecordTable(this, _database, schema))];
    }

    /// <summary>Where it is, without what is secret.</summary>
    public string Description { get; }

    internal IReadOnlyList<RecordSchema> Schemas { get; }

    internal long Openings => Volatile.Read(ref _openings);

    /// <summary>Refuses an address that is none of the two forms, without opening anything.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Check(string address)
    {
        if (StateAddress.Parse(address).Scheme is not ("sqlite" or "postgres"))
            throw new ArgumentException("records are kept in sqlite:PATH or postgres://user@host:5432/db");
    }

    /// <summary>The database at an address.</summary>
    /// <param name="address">One of the two forms.</param>
    /// <param name="password">Of PostgreSQL; null where none is needed.</param>
    /// <param name="schemas">The tables that it is to have.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Get what fails.</param>
    /// <exception cref="ArgumentException">The address is none of the two forms.</exception>
    public static RecordDatabase At(
        string address, string? password, IReadOnlyList<RecordSchema> schemas, TimeProvider time, ILoggerFactory loggers)
    {
        Check(address);
        var parsed = StateAddress.Parse(address);
        if (parsed.Scheme == "sqlite")
        {
            var path = Path.GetFullPath(parsed.Path);
            return new RecordDatabase(new SqliteRecords(path), $"sqlite:{path}", schemas);
        }

        var postgres = PostgresDatabase.ForRecords(parsed, password, Patience, time, loggers.CreateLogger<RecordDatabase>());
        return new RecordDatabase(new PostgresRecords(postgres), $"postgres://{postgres.Name}", schemas);
    }

    /// <summary>A table.</summary>
    /// <param name="schema">One of those that the database was made with.</param>
    public IRecordTable Table(RecordSchema schema) => _tables.First(table => table.Schema == schema);

    /// <summary>Closes what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _opening.Dispose();
    }

    /// <summary>Does something; after what fails, the database is opened anew.</summary>
    internal async Task<T> UseAsync<T>(
        string done, Func<System.Data.Common.DbConnection, Task<T>> action, CancellationToken cancellation)
    {
        await OpenAsync(cancellation);
        try
        {
            return await _database.UseAsync(done, action, cancellation);
        }
        catch (Exception e) when (e is StateUnavailableException or StateFormatException)
        {
            _isOpen = false;
            throw;
        }
    }

    internal async Task OpenAsync(CancellationToken cancellation)
    {
        if (_isOpen && !_database.IsGone) return;
        await _opening.WaitAsync(cancellation);
        try
        {
            if (_isOpen && !_database.IsGone) return;
            await _database.OpenAsync(Schemas, cancellation);
            Interlocked.Increment(ref _openings);
            _isOpen = true;
        }
        finally
        {
            _opening.Release();
        }
    }
}
