using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>
/// The decisions as the API answers with them: those of the table, and those of the state that it may lack. Where the table
/// cannot be read, those of the state alone, which is said.
/// </summary>
internal sealed class DecisionHistory(RecordTables tables)
{
    private const int SeenAtOnce = 500;
    private const int MaxRead = 10_000;

    /// <summary>A page: newest first by time, then by id.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="archive">What the state keeps; asked for where it is needed.</param>
    /// <param name="leads">Whether this manager leads.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DecisionPage> QueryAsync(
        DecisionFilter filter, Func<Task<DecisionArchive>> archive, bool leads, CancellationToken cancellation)
    {
        if (tables.Readable(tables.Decisions, leads) is not { } table)
            return (await archive()).Query(filter) with { Source = "state" };
        try
        {
            return await QueryAsync(filter, table, leads ? await archive() : DecisionArchive.Empty, cancellation);
        }
        catch (Exception e) when (e.IsStoreFailure() || e is StateFormatException)
        {
            return (await archive()).Query(filter) with { Source = "state", Problem = e.Message };
        }
    }

    /// <summary>A decision; null where none is kept.</summary>
    /// <inheritdoc cref="QueryAsync(DecisionFilter, Func{Task{DecisionArchive}}, bool, CancellationToken)"/>
    public async Task<DecisionRecord?> FindAsync(
        string id, Func<Task<DecisionArchive>> archive, bool leads, CancellationToken cancellation)
    {
        var kept = await archive();
        if (kept.Find(id) is { } found || tables.Readable(tables.Decisions, leads) is not { } table) return kept.Find(id);
        return await table.FindAsync(id, cancellation) is { } row ? DecisionTable.Read(row) : null;
    }

    private async Task<DecisionPage> QueryAsync(
        DecisionFilter filter, IRecordTable table, DecisionArchive archive, CancellationToken cancellation)
    {
        var limit = Math.Clamp(filter.Limit, 1, DecisionFilter.MaxPageSize);
        var (wanted, before) = (filter with { Before = null }, filter.Before is { } id
            ? await RecordPlace.FindAsync(id, archive.Find(id) is { } kept ? Place(kept) : null, table, cancellation)
            : (RecordPlace?)null);

        // Before the table is asked: what is written in between is in both, and counts once.
        var waiting = tables.Filler?.Waiting is { } known ? known.Select(archive.Find).OfType<DecisionRecord>() : archive.All;
        var newer = waiting.ToDictionary(record => record.Id, StringComparer.Ordinal);
        var page = new List<DecisionRecord>(newer.Values.Where(wanted.Matches).Where(record => Place(record).Follows(before)));
        string? end = null;
        for (var (from, missing, read) = (before, limit + 1, 0); missing > 0;)
        {
            var rows = await table.QueryAsync(
                DecisionTable.Query(wanted, from, filter.Sees is null ? missing : Math.Max(missing, SeenAtOnce)),
                cancellation);
            read += rows.Count;
            foreach (var row in rows.Where(row => !newer.ContainsKey(row.Id)))
            {
                // What the state keeps has the last try, too.
                if ((archive.Find(row.Id) ?? DecisionTable.Read(row)) is not { } record
                    || filter.Sees?.Invoke(record.App) == false)
                    continue;
                page.Add(record);
                missing--;
            }

            if (rows.Count == 0) break;
            from = new RecordPlace(rows[^1].At, rows[^1].Id);

            // Who may see few of many apps does not have the whole table read for a page: it ends early, and says where.
            if (filter.Sees is null || missing == 0 || read < MaxRead) continue;
            (end, var last) = (rows[^1].Id, from);
            page.RemoveAll(record => Place(record).Follows(last));
            break;
        }

        List<DecisionRecord> sorted = [.. page.OrderByDescending(Place)];
        return sorted.Count <= limit ? new DecisionPage(sorted, end) { Source = "table" }
            : new DecisionPage(sorted[..limit], sorted[limit - 1].Id) { Source = "table" };
    }

    private static RecordPlace Place(DecisionRecord record) => RecordPlace.Of(record.At, record.Id);
}
