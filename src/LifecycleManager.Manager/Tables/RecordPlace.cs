using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>Where a record is in the order of a table: by time, to the microsecond that databases keep, then by id.</summary>
/// <param name="At">When.</param>
/// <param name="Id">The id.</param>
internal readonly record struct RecordPlace(DateTimeOffset At, string Id) : IComparable<RecordPlace>
{
    /// <summary>The place of a record.</summary>
    public static RecordPlace Of(DateTimeOffset at, string id) =>
        new(at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond)), id);

    /// <summary>The place of a record by its id; of one that is not kept any more, where its id says.</summary>
    /// <param name="id">The id.</param>
    /// <param name="kept">Its place where the state keeps it; else null.</param>
    /// <param name="table">The table; null for none.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<RecordPlace> FindAsync(
        string id, RecordPlace? kept, IRecordTable? table, CancellationToken cancellation)
    {
        if (kept is { } place) return place;
        if (table is not null && await table.FindAsync(id, cancellation) is { } row) return new RecordPlace(row.At, row.Id);
        return new RecordPlace(DecisionIds.TimeOf(id) ?? DateTimeOffset.MaxValue, id);
    }

    /// <summary>As a table is asked for it.</summary>
    public static (DateTimeOffset, string)? Key(RecordPlace? place) => place is { } known ? (known.At, known.Id) : null;

    /// <summary>Whether it comes after another in a list of the newest first; after null comes all.</summary>
    public bool Follows(RecordPlace? other) => other is not { } place || CompareTo(place) < 0;

    /// <inheritdoc />
    public int CompareTo(RecordPlace other) => At.CompareTo(other.At) is var order and not 0 ? order
        : string.CompareOrdinal(Id, other.Id);
}
