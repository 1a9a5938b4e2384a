using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>A table in a file of its own that can be told to fail.</summary>
internal sealed class FaultyTable(RecordSchema schema) : IRecordTable, IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-table-");
    private RecordDatabase? _database;

    public string Path => System.IO.Path.Combine(_directory.FullName, "decisions.db");

    public StateUnavailableException? Failure { get; set; }

    public int Rows { get; private set; }

    public RecordSchema Schema => schema;

    public long Openings => Inner.Openings;

    private IRecordTable Inner => Failure is not null ? throw Failure : (_database ??= RecordDatabase.At(
        $"sqlite:{Path}", null, [schema], TimeProvider.System, NullLoggerFactory.Instance)).Table(schema);

    public Task OpenAsync(CancellationToken cancellation) => Inner.OpenAsync(cancellation);

    public Task WriteAsync(IReadOnlyList<TableRecord> records, CancellationToken cancellation)
    {
        var written = Inner.WriteAsync(records, cancellation);
        Rows += records.Count;
        return written;
    }

    public Task<IReadOnlyList<FoundRecord>> QueryAsync(RecordQuery query, CancellationToken cancellation) =>
        Inner.QueryAsync(query, cancellation);

    public Task<FoundRecord?> FindAsync(string id, CancellationToken cancellation) => Inner.FindAsync(id, cancellation);

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ChangesAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation) => Inner.ChangesAsync(ids, cancellation);

    public Task<RecordVolume> VolumeAsync(CancellationToken cancellation) => Inner.VolumeAsync(cancellation);

    public Task<RecordVolume> DeleteOldestAsync(
        DateTimeOffset before, long bytes, int most, CancellationToken cancellation) =>
        Inner.DeleteOldestAsync(before, bytes, most, cancellation);

    public async Task<IReadOnlyList<string>> IdsAsync() =>
        [.. (await QueryAsync(new RecordQuery { Limit = 10_000 }, default)).Select(record => record.Id)];

    public async ValueTask DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
