using Dapper;

namespace LifecycleManager.Storage.Records;

/// <summary>A table of records in a database of either kind.</summary>
internal sealed class RecordTable(RecordDatabase opened, IRecordDatabase database, RecordSchema schema) : IRecordTable
{
    /// <summary>Records of one statement: well below the most parameters that one may have.</summary>
    private const int Chunk = 100;

    private readonly RecordSql _sql = database.Sql(schema);

    public RecordSchema Schema => schema;

    public long Openings => opened.Openings;

    public Task OpenAsync(CancellationToken cancellation) => opened.OpenAsync(cancellation);

    public Task WriteAsync(IReadOnlyList<TableRecord> records, CancellationToken cancellation) => opened.UseAsync(
        "written",
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            foreach (var chunk in records.Chunk(Chunk))
            {
                var (sql, values) = _sql.Write(chunk);
                await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: cancellation));
            }

            await transaction.CommitAsync(cancellation);
            return true;
        },
        cancellation);

    public async Task<IReadOnlyList<FoundRecord>> QueryAsync(RecordQuery query, CancellationToken cancellation)
    {
        var (sql, values) = _sql.Page(query);
        var rows = await ReadAsync<Row>(sql, values, cancellation);
        return [.. rows.Select(row => row.ToRecord())];
    }

    public async Task<FoundRecord?> FindAsync(string id, CancellationToken cancellation) =>
        (await ReadAsync<Row>(_sql.Find, new { id }, cancellation)).FirstOrDefault()?.ToRecord();

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ChangesAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation) => opened.UseAsync(
        "read",
        async connection =>
        {
            var changes = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            foreach (var chunk in ids.Chunk(Chunk * 5))
            {
                var rows = await connection.QueryAsync<(string Id, long Changed)>(
                    new CommandDefinition(_sql.Changes, new { ids = chunk }, cancellationToken: cancellation));
                foreach (var (id, changed) in rows) changes[id] = RecordSql.Time(changed);
            }

            return (IReadOnlyDictionary<string, DateTimeOffset>)changes;
        },
        cancellation);

    public async Task<RecordVolume> VolumeAsync(CancellationToken cancellation)
    {
        var (records, bytes) = (await ReadAsync<(long, long)>(_sql.Volume, null, cancellation)).Single();
        return new RecordVolume(records, bytes);
    }

    public Task<RecordVolume> DeleteOldestAsync(
        DateTimeOffset before, long bytes, int most, CancellationToken cancellation) => opened.UseAsync(
        "pruned",
        async connection =>
        {
            var oldest = await connection.QueryAsync<(string Id, long At, long Size)>(
                new CommandDefinition(_sql.Oldest, new { most }, cancellationToken: cancellation));
            var (limit, count, size, last) = (RecordSql.Micros(before), 0L, 0L, ("", 0L));
            foreach (var record in oldest)
            {
                if (record.At >= limit && bytes <= 0) break;
                bytes -= record.Size;
                (count, size, last) = (count + 1, size + record.Size, (record.Id, record.At));
            }

            if (count == 0) return new RecordVolume(0, 0);
            var deleted = await connection.ExecuteAsync(new CommandDefinition(
                _sql.DeleteUpTo, new { id = last.Item1, at = last.Item2 }, cancellationToken: cancellation));
            return new RecordVolume(deleted, size);
        },
        cancellation);

    private Task<IEnumerable<T>> ReadAsync<T>(string sql, object? values, CancellationToken cancellation) => opened.UseAsync(
        "read", connection => connection.QueryAsync<T>(new CommandDefinition(sql, values, cancellationToken: cancellation)),
        cancellation);

    private sealed record Row(string Id, long At, string Body)
    {
        public FoundRecord ToRecord() => new(Id, RecordSql.Time(At), Body);
    }
}
