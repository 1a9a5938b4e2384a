using System.Text.Json;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Recording;

/// <summary>
/// The decisions on record, in the store and in memory. Written by the leader alone (its evaluation loop); read by anybody.
/// </summary>
internal sealed class DecisionLog(IStateStore store, ManagerOptions options, TimeProvider time, ILogger<DecisionLog> logger)
    : IDisposable
{
    public const string Prefix = "manager/decisions/";

    /// <summary>Small enough for every store's largest batch.</summary>
    private const int Batch = 64;

    /// <summary>A follower's copy is at most so old.</summary>
    private static readonly TimeSpan FollowersAge = TimeSpan.FromSeconds(2);

    private readonly DecisionIds _ids = new();
    private readonly Dictionary<string, DecisionRecord> _unsaved = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undeleted = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1, 1);
    private DateTimeOffset _loadedAt = DateTimeOffset.MinValue;
    private volatile DecisionArchive _archive = DecisionArchive.Empty;

    public DecisionArchive Archive => _archive;

    public DecisionFeed Feed { get; } = new(options.StreamClients);

    /// <summary>Outcomes that are known but not yet in the store.</summary>
    public int Unsaved => _unsaved.Count;

    public string NextId() => _ids.Next(time.GetUtcNow());

    /// <summary>Reads everything anew: at the beginning of a leadership, and by followers.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            await ReadAsync(cancellation);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>For followers: reads anew what is older than two seconds.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            if (time.GetUtcNow() - _loadedAt >= FollowersAge) await ReadAsync(cancellation);
        }
        finally
        {
            _loading.Release();
        }
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
        foreach (var record in records) Feed.Publish(record);
    }

    /// <summary>
    /// Notes what became of a record: in memory at once, in the store when it can be. What the store does not take now goes
    /// with the next write; until then a crash leaves the record as it was, and the next leader settles it by the count.
    /// </summary>
    public async Task SettleAsync(DecisionRecord record, bool durable, Fence? fence, CancellationToken cancellation)
    {
        _archive = _archive.With([record], options.KeptDecisions, options.KeptDecisionsPerApp).Archive;
        Feed.Publish(record);
        if (!durable) return;
        _unsaved[record.Id] = record;
        await FlushAsync([], fence, cancellation);
    }

    /// <summary>Writes what an earlier failure has left behind.</summary>
    public Task FlushAsync(Fence? fence, CancellationToken cancellation) => FlushAsync([], fence, cancellation);

    public void Dispose() => _loading.Dispose();

    private async Task FlushAsync(IReadOnlyList<DecisionRecord> records, Fence? fence, CancellationToken cancellation)
    {
        var writes = new List<(string Id, StateWrite Write)>();
        foreach (var record in _unsaved.Values) writes.Add((record.Id, Write(record)));
        foreach (var record in records) writes.Add((record.Id, Write(record)));
        foreach (var id in _undeleted) writes.Add((id, new StateWrite(Prefix + id, null)));
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

    private async Task ReadAsync(CancellationToken cancellation)
    {
        var records = new List<DecisionRecord>();
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            try
            {
                var record = JsonSerializer.Deserialize(entry.Value.Span, RecordingJson.Default.DecisionRecord);
                if (record is not null && Prefix + record.Id == entry.Key) records.Add(record);
            }
            catch (JsonException e)
            {
                logger.LogWarning("The record {Key} in the store cannot be read and is left out: {Reason}", entry.Key, e.Message);
            }
        }

        var (archive, removed) = DecisionArchive.Empty.With(records, options.KeptDecisions, options.KeptDecisionsPerApp);
        foreach (var id in removed) _undeleted.Add(id);
        foreach (var record in records) _ids.Follow(record.Id);
        _unsaved.Clear();
        _archive = archive;
        _loadedAt = time.GetUtcNow();
    }

    private static StateWrite Write(DecisionRecord record) =>
        new(Prefix + record.Id, JsonSerializer.SerializeToUtf8Bytes(record, RecordingJson.Default.DecisionRecord));
}
