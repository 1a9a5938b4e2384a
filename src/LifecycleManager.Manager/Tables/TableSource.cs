using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>The records that the state holds, from which a table is filled. For any thread.</summary>
internal interface ITableSource
{
    /// <summary>All records of now, and when each was changed last.</summary>
    IEnumerable<(string Id, DateTimeOffset Changed)> Versions { get; }

    /// <summary>A record as a row; null where it is not kept any more.</summary>
    TableRecord? Row(string id);
}

/// <summary>The decisions of a term.</summary>
/// <param name="archive">Those that are kept now.</param>
/// <param name="term">The token of its lead.</param>
internal sealed class DecisionSource(Func<DecisionArchive> archive, long term) : ITableSource
{
    public IEnumerable<(string Id, DateTimeOffset Changed)> Versions =>
        archive().All.Select(record => (record.Id, DecisionTable.Changed(record)));

    public TableRecord? Row(string id) => archive().Find(id) is { } record ? DecisionTable.Row(record, term) : null;
}
