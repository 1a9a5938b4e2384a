namespace LifecycleManager.Storage.Records;

/// <summary>What a table of records can be asked by. Names are of a-z and _ alone: they go into statements as they are.</summary>
/// <param name="Name">The table.</param>
/// <param name="Columns">What records are found by, each a text.</param>
public sealed record RecordSchema(string Name, IReadOnlyList<string> Columns)
{
    /// <summary>Columns of few values, all of which are known; a record with another is found by its id alone.</summary>
    public IReadOnlyList<Facet> Facets { get; init; } = [];

    /// <summary>
    /// Combinations of columns that have an index, besides that of none; the first of which a query compares all columns serves
    /// it, and its other columns are compared one by one. So the first are those that leave the fewest records.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> Indexes { get; init; } = [];

    /// <summary>The columns of the index that serves a query.</summary>
    /// <param name="asked">The columns that a query compares.</param>
    internal IReadOnlyList<string> IndexFor(IReadOnlyCollection<string> asked) =>
        Indexes.FirstOrDefault(columns => columns.All(asked.Contains)) ?? [];
}

/// <summary>A column of few values.</summary>
/// <param name="Column">One of the columns.</param>
/// <param name="Values">All its values.</param>
public sealed record Facet(string Column, IReadOnlyList<string> Values);

/// <summary>A record of a table.</summary>
/// <param name="Id">Unique; ids of one instant are ordered as text.</param>
/// <param name="At">When it came to be; stored in whole microseconds.</param>
/// <param name="Changed">When it was changed last; in whole microseconds.</param>
/// <param name="Term">The token of the fence of whoever writes it: a later one replaces what an earlier one wrote.</param>
/// <param name="Values">Of each column, in their order; null for none.</param>
/// <param name="Body">The record itself, as JSON.</param>
public sealed record TableRecord(
    string Id, DateTimeOffset At, DateTimeOffset Changed, long Term, IReadOnlyList<string?> Values, string Body);

/// <summary>Which records to read: the newest first.</summary>
public sealed record RecordQuery
{
    /// <summary>Columns, and what they must be.</summary>
    public IReadOnlyDictionary<string, string> Equal { get; init; } = new Dictionary<string, string>();

    /// <summary>Not before.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Older than the record of this time and id.</summary>
    public (DateTimeOffset At, string Id)? Before { get; init; }

    /// <summary>At most so many; from 1 on.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A record that was read.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When it came to be, in whole microseconds.</param>
/// <param name="Body">It, as JSON.</param>
public sealed record FoundRecord(string Id, DateTimeOffset At, string Body);

/// <summary>How much a table holds.</summary>
/// <param name="Records">How many records.</param>
/// <param name="Bytes">About how many bytes, with their indexes.</param>
public sealed record RecordVolume(long Records, long Bytes);
