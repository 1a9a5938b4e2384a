using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Tables;

/// <summary>
/// The tables beside the state, and what fills them while this manager leads. Without an address there are none, and the state
/// alone keeps a bounded number.
/// </summary>
internal sealed class RecordTables : IAsyncDisposable
{
    private readonly ManagerOptions _options;
    private readonly RecordDatabase? _database;
    private readonly DecisionFeed _feed;
    private readonly TableMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private volatile TableFiller? _filler;

    public RecordTables(
        ManagerOptions options, DecisionFeed feed, TableMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _feed, _metrics, _time) = (options, feed, metrics, time);
        _log = loggers.CreateLogger<RecordTables>();
        if (options.Tables is not { } tables) return;
        _database = RecordDatabase.At(tables.Address, tables.Password, [DecisionTable.Schema, AuditTable.Schema], time, loggers);
        Decisions = _database.Table(DecisionTable.Schema);
        Audit = _database.Table(AuditTable.Schema);
    }

    /// <summary>The table of decisions; null where there is none.</summary>
    public IRecordTable? Decisions { get; }

    /// <summary>The table of the audit; null where there is none.</summary>
    public IRecordTable? Audit { get; }

    /// <summary>Whether a manager that stands by can read what the leader writes.</summary>
    public bool AreShared => _options.Tables?.AreShared == true;

    /// <summary>
    /// A table where its answers count. One that stands by has a copy of the state at hand; a table of its own lacks what others
    /// have written.
    /// </summary>
    /// <param name="table">One of the tables.</param>
    /// <param name="leads">Whether this manager leads.</param>
    public IRecordTable? Readable(IRecordTable? table, bool leads) => leads || AreShared ? table : null;

    /// <summary>What fills the table of decisions; null while another manager leads, or where there is no table.</summary>
    public TableFiller? Filler => _filler;

    /// <summary>Where decisions are kept, for people.</summary>
    public string Description => _database?.Description ?? "the state alone, in a bounded number";

    /// <summary>What is wrong, a sentence each.</summary>
    public IEnumerable<string> Problems
    {
        get
        {
            if (_filler is not { } filler) yield break;
            if (filler.Problem is { } problem)
            {
                yield return $"decisions cannot be copied into their table, and go on without it: {problem}; "
                    + $"waiting: {filler.Backlog}";
            }

            if (filler.Lost > 0)
                yield return $"decisions that the table lacks, since it did not work for too long: {filler.Lost}";
        }
    }

    /// <summary>Fills the tables during a term. It holds nothing up and never fails.</summary>
    /// <param name="archive">The decisions of the term.</param>
    /// <param name="audit">What people changed, as the term keeps it.</param>
    /// <param name="fence">Of its lead.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task FillAsync(
        Func<DecisionArchive> archive, AuditLog audit, Fence fence, CancellationToken cancellation)
    {
        if (Decisions is null || Audit is null) return;
        var decisions = New(Decisions, new DecisionSource(archive, fence.Token));
        var audits = New(Audit, new AuditSource(audit, fence.Token));
        _feed.Published += Note;
        audit.Added += audits.Note;
        _filler = decisions;
        try
        {
            // A call that hangs is not waited for: the lead is not held up by it.
            await Task.WhenAll(Begin(decisions), Begin(audits)).WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The next leader fills in what is missing.
        }
        finally
        {
            _feed.Published -= Note;
            audit.Added -= audits.Note;
            _filler = null;
            _metrics.EndTerm();
        }

        void Note(DecisionRecord record) => decisions.Note(record.Id);

        Task Begin(TableFiller filler) => Task.Run(() => filler.RunAsync(cancellation), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }

    private TableFiller New(IRecordTable table, ITableSource source) => new(
        table, source, new TableRetention(_options.KeptInTable, _options.KeptInTableMegabytes * 1_000_000L, _time), _metrics,
        _time, _log);
}
