using System.Data.Common;

namespace LifecycleManager.Storage.Records;

/// <summary>A database that has tables of records. For any thread.</summary>
internal interface IRecordDatabase : IAsyncDisposable
{
    /// <summary>Whether what was opened is there no more: a file that was deleted.</summary>
    bool IsGone { get; }

    /// <summary>Opens it, with the tables that it lacks.</summary>
    /// <param name="schemas">The tables.</param>
    /// <param name="cancellation">Gives up.</param>
    Task OpenAsync(IReadOnlyList<RecordSchema> schemas, CancellationToken cancellation);

    /// <summary>The statements for a table.</summary>
    RecordSql Sql(RecordSchema schema);

    /// <summary>Does something by a connection.</summary>
    /// <param name="done">What could not be done, in a message: <c>read</c>.</param>
    /// <param name="action">May be repeated.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<T> UseAsync<T>(string done, Func<DbConnection, Task<T>> action, CancellationToken cancellation);
}
