using System.Collections.Immutable;
using System.Text.Json;
using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>Which entries to read, newest first.</summary>
internal sealed record AuditFilter
{
    /// <summary>By this principal.</summary>
    public string? Who { get; init; }

    /// <summary>Of this kind.</summary>
    public string? What { get; init; }

    /// <summary>About this app or policy.</summary>
    public string? Subject { get; init; }

    /// <summary>Not before.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Older than the entry with this id.</summary>
    public string? Before { get; init; }

    /// <summary>At most so many.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Whether an entry is wanted, its place in the page apart.</summary>
    public bool Matches(AuditEntry entry) =>
        (Who is null || entry.Who == Who) && (What is null || entry.What == What)
        && (Subject is null || entry.Subject == Subject) && !(entry.At < From) && !(entry.At >= To);
}

/// <summary>The entries of a term, for the table.</summary>
internal sealed class AuditSource(AuditLog audit, long term) : ITableSource
{
    public IEnumerable<(string Id, DateTimeOffset Changed)> Versions => audit.Entries.Select(entry => (entry.Id, entry.At));

    public TableRecord? Row(string id) =>
        audit.Entries.Find(entry => entry.Id == id) is { } entry ? AuditTable.Row(entry, term) : null;
}

/// <summary>The table of the audit, and how it is read with what the state keeps.</summary>
internal static class AuditTable
{
    /// <summary>Its columns and indexes.</summary>
    public static readonly RecordSchema Schema = new("audit", ["who", "what", "subject"])
    {
        Indexes = [["subject"], ["who"], ["what"]],
    };

    /// <summary>An entry as a row.</summary>
    public static TableRecord Row(AuditEntry entry, long term) => new(
        entry.Id, entry.At, entry.At, term, [entry.Who, entry.What, entry.Subject],
        JsonSerializer.Serialize(entry, AuditJson.Default.AuditEntry));

    /// <summary>A page of entries.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="kept">What the state keeps: all that the table may lack is among them.</param>
    /// <param name="table">The table; null for none.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<AuditPage> QueryAsync(
        AuditFilter filter, ImmutableList<AuditEntry> kept, IRecordTable? table, CancellationToken cancellation)
    {
        try
        {
            var before = filter.Before is { } id
                ? await RecordPlace.FindAsync(
                    id, kept.Find(entry => entry.Id == id) is { } known ? Place(known) : null, table, cancellation)
                : (RecordPlace?)null;
            var found = kept.Where(filter.Matches).Where(entry => Place(entry).Follows(before))
                .ToDictionary(entry => entry.Id, StringComparer.Ordinal);
            foreach (var row in table is null ? [] : await table.QueryAsync(Query(filter, before), cancellation))
            {
                if (JsonSerializer.Deserialize(row.Body, AuditJson.Default.AuditEntry) is { } entry) found.TryAdd(row.Id, entry);
            }

            List<AuditEntry> sorted = [.. found.Values.OrderByDescending(Place)];
            var isLast = sorted.Count <= filter.Limit;
            return new AuditPage(isLast ? sorted : sorted[..filter.Limit], isLast ? null : sorted[filter.Limit - 1].Id)
            {
                Source = table is null ? "state" : "table",
            };
        }
        catch (Exception e) when (table is not null && (e.IsStoreFailure() || e is StateFormatException or JsonException))
        {
            return await QueryAsync(filter, kept, null, cancellation) with { Problem = e.Message };
        }
    }

    private static RecordQuery Query(AuditFilter filter, RecordPlace? before)
    {
        var equal = new Dictionary<string, string>();
        if (filter.Who is { } who) equal["who"] = who;
        if (filter.What is { } what) equal["what"] = what;
        if (filter.Subject is { } subject) equal["subject"] = subject;
        return new RecordQuery
        {
            Equal = equal,
            Since = filter.From,
            Until = filter.To,
            Before = RecordPlace.Key(before),
            Limit = filter.Limit + 1,
        };
    }

    private static RecordPlace Place(AuditEntry entry) => RecordPlace.Of(entry.At, entry.Id);
}
