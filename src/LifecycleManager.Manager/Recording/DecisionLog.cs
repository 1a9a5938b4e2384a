using System.Text.Json;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// The decisions on record as the leader keeps them, in the store and in memory. Of one owner, the evaluation of one term;
/// everybody else reads <see cref="Archive"/>, which is replaced as a whole, or <see cref="FollowedDecisions"/>.
/// </summary>
internal sealed class DecisionLog(IStateStore store, DecisionFeed feed, ManagerOptions options, TimeProvider time,
    ILogger<DecisionLog> logger)
{
    /// <summary>Small enough for every store's largest batch.</summary>
    private const int Batch = 64;

    private readonly DecisionIds _ids = new();
    private readonly Dictionary<string, DecisionRecord> _unsaved = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undeleted = new(StringComparer.Ordinal);
    private volatile DecisionArchive _archive = DecisionArchive.Empty;

    public DecisionArchive Archive => _archive;

    /// <summary>Outcomes that are known but not yet in the store.</summary>
    public int Unsaved => _unsaved.Count;

    public string NextId() => _ids.Next(time.GetUtcNow());

    /// <summary>Reads everything, once: at the beginning of a leadership.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var records = await StoredDecisions.ReadAsync(store, logger, cancellation);
        var (archive, removed) = DecisionArchive.Empty.With(records, options.KeptDecisions, options.KeptDecisionsPerApp);
        foreach (var id in removed) _undeleted.Add(id);
        foreach (var record in records) _ids.Follow(record.Id);
        _archive = archive;
    }

    /// <summary>
    /// Puts records into the store and then into memory. When it completes they are durable; when it throws none of them
    /// may be acted upon.
    /// </summary>
    public async Task RecordAsync(IReadOnlyList<DecisionRecord> records, Fence? fence, CancellationToken cancellation)
    {
        var (archive, removed) = _archive.With(records, options.KeptDecisions, options.KeptDecisionsPerApp);
        foreach (var id in removed) _undeleted.Add(id);
        try
        {
            await FlushAsync(records, fence, cancellation);
        }
        catch
        {
            // Some may have arrived all the same; they say what never happened.
            foreach (var record in records.Where(record => _archive.Find(record.Id) is null)) _undeleted.Add(record.Id);
            throw;
        }

        _archive = archive;
        foreach (var record in records) feed.Publish(record);
    }

    /// <summary>
    /// Notes what became of a record: in memory at once, in the store when it can be. What the store does not take now goes
    /// with the next write; until then a crash leaves the record as it was, and the next leader settles it by the count.
    /// </summary>
    public async Task SettleAsync(DecisionRecord record, bool durable, Fence? fence, CancellationToken cancellation)
    {
        _archive = _archive.With([record], options.KeptDecisions, options.KeptDecisionsPerApp).Archive;
        feed.Publish(record);
        if (!durable) return;
        _unsaved[record.Id] = record;
        await FlushAsync([], fence, cancellation);
    }

    private async Task FlushAsync(IReadOnlyList<DecisionRecord> records, Fence? fence, CancellationToken cancellation)
    {
        var writes = new List<(string Id, StateWrite Write)>();
        foreach (var record in _unsaved.Values) writes.Add((record.Id, Write(record)));
        foreach (var record in records) writes.Add((record.Id, Write(record)));
        foreach (var id in _undeleted) writes.Add((id, new StateWrite(StoredDecisions.Prefix + id, null)));
        foreach (var chunk in writes.Chunk(Batch))
        {
            await store.WriteAsync([.. chunk.Select(entry => entry.Write)], fence, cancellation);
            foreach (var (id, write) in chunk)
            {
                if (write.Value is null) _undeleted.Remove(id);
                else _unsaved.Remove(id);
            }
        }
    }

    private static StateWrite Write(DecisionRecord record) =>
        new(StoredDecisions.Prefix + record.Id, JsonSerializer.SerializeToUtf8Bytes(record,
            RecordingJson.Default.DecisionRecord));
}
