namespace LifecycleManager.Storage.Records;

/// <summary>
/// A table of records of one kind, in a database: a history beside the state, which can be filled anew from it. It is opened when
/// it is first used, and again after a failure. For any thread.
/// </summary>
/// <remarks>
/// Every call throws a <see cref="StateUnavailableException"/> where the database cannot be reached or does not work, and a
/// <see cref="StateFormatException"/> where what is there is not ours, newer, or damaged.
/// </remarks>
public interface IRecordTable
{
    /// <summary>What it holds.</summary>
    RecordSchema Schema { get; }

    /// <summary>Grows with each opening: what was written before may be gone.</summary>
    long Openings { get; }

    /// <summary>Opens it where it is not open, or what was opened is gone; every other call does so too.</summary>
    Task OpenAsync(CancellationToken cancellation);

    /// <summary>
    /// Writes records, all or none: those that are not there are added, and those that an earlier term or this one wrote are
    /// replaced. Writing a record again changes nothing.
    /// </summary>
    /// <param name="records">With ids that differ.</param>
    /// <param name="cancellation">Gives up; it may have been written.</param>
    Task WriteAsync(IReadOnlyList<TableRecord> records, CancellationToken cancellation);

    /// <summary>Reads a page of records, the newest first.</summary>
    Task<IReadOnlyList<FoundRecord>> QueryAsync(RecordQuery query, CancellationToken cancellation);

    /// <summary>A record; null where there is none.</summary>
    Task<FoundRecord?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>When records were changed last: of those that are there.</summary>
    Task<IReadOnlyDictionary<string, DateTimeOffset>> ChangesAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation);

    /// <summary>How much it holds: all of it is counted.</summary>
    Task<RecordVolume> VolumeAsync(CancellationToken cancellation);

    /// <summary>Deletes some of the oldest records.</summary>
    /// <param name="before">Those from before this.</param>
    /// <param name="bytes">And others, until so many bytes are deleted in all.</param>
    /// <param name="most">At most so many records.</param>
    /// <param name="cancellation">Gives up; some may be deleted.</param>
    /// <returns>What was deleted.</returns>
    Task<RecordVolume> DeleteOldestAsync(DateTimeOffset before, long bytes, int most, CancellationToken cancellation);
}
