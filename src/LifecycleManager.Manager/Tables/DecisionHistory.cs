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
    /// <summary>A page: newest first by time, then by id.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="archive">What the state keeps; asked for where it is needed.</param>
    /// <param name="leads">Whether this manager leads.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DecisionPage> QueryAsync(
        DecisionFilter filter, Func<Task<DecisionArchive>> archive, bool leads, CancellationToken cancellation)
    {
        if (Readable(leads) is not { } table) return (await archive()).Query(filter) with { Source = "state" };
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
        if (kept.Find(id) is { } found || Readable(leads) is not { } table) return kept.Find(id);
        return await table.FindAsync(id, cancellation) is { } row ? DecisionTable.Read(row) : null;
    }

    // One that stands by has a copy of the state at hand; a table of its own lacks what others have decided.
    private IRecordTable? Readable(bool leads) => leads || tables.AreShared ? tables.Decisions : null;

    private async Task<DecisionPage> QueryAsync(
        DecisionFilter filter, IRecordTable table, DecisionArchive archive, CancellationToken cancellation)
    {
        var limit = Math.Clamp(filter.Limit, 1, DecisionFilter.MaxPageSize);
        var (wanted, before) = (filter with { Before = null }, filter.Before is { } id
            ? await PlaceAsync(id, table, archive, cancellation) : ((DateTimeOffset, string)?)null);

        // Before the table is asked: what is written in between is in both, and counts once.
        var waiting = tables.Filler?.Waiting is { } known ? known.Select(archive.Find).OfType<DecisionRecord>() : archive.All;
        var newer = waiting.ToDictionary(record => record.Id, StringComparer.Ordinal);
        var page = new List<DecisionRecord>(newer.Values.Where(wanted.Matches).Where(record => IsAfter(Key(record), before)));
        for (var (from, missing) = (before, limit + 1); missing > 0;)
        {
            var rows = await table.QueryAsync(DecisionTable.Query(wanted, from, missing), cancellation);
            foreach (var row in rows.Where(row => !newer.ContainsKey(row.Id)))
            {
                // What the state keeps has the last try, too.
                if ((archive.Find(row.Id) ?? DecisionTable.Read(row)) is not { } record) continue;
                page.Add(record);
                missing--;
            }

            if (rows.Count == 0) break;
            from = (rows[^1].At, rows[^1].Id);
        }

        List<DecisionRecord> sorted = [.. page.OrderByDescending(record => Key(record).At)
            .ThenByDescending(record => record.Id, StringComparer.Ordinal)];
        return sorted.Count <= limit ? new DecisionPage(sorted, null) { Source = "table" }
            : new DecisionPage(sorted[..limit], sorted[limit - 1].Id) { Source = "table" };
    }

    /// <summary>Where a decision is in the order; one that is not kept any more is where its id says.</summary>
    private static async Task<(DateTimeOffset, string)> PlaceAsync(
        string id, IRecordTable table, DecisionArchive archive, CancellationToken cancellation)
    {
        if (archive.Find(id) is { } kept) return Key(kept);
        if (await table.FindAsync(id, cancellation) is { } row) return (row.At, row.Id);
        return (DecisionIds.TimeOf(id) ?? DateTimeOffset.MaxValue, id);
    }

    private static (DateTimeOffset At, string Id) Key(DecisionRecord record) =>
        (record.At.AddTicks(-(record.At.Ticks % TimeSpan.TicksPerMicrosecond)), record.Id);

    private static bool IsAfter((DateTimeOffset At, string Id) key, (DateTimeOffset At, string Id)? before) =>
        before is not { } place || key.At < place.At
        || (key.At == place.At && string.CompareOrdinal(key.Id, place.Id) < 0);
}
