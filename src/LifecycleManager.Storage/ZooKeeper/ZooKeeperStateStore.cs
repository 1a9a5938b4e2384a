using System.Runtime.CompilerServices;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// The store in ZooKeeper: each key a node in one flat directory, each batch one multi that also requires the fence's node to be
/// unchanged. Every read follows a sync, so that it sees what was acknowledged before it, through whichever server.
/// </summary>
/// <remarks>
/// Limits of ZooKeeper, not ours: a value has 900,000 bytes at most and a batch 1,000,000 with its keys, for a transaction has to
/// fit one request (<c>jute.maxbuffer</c>); everything lies in the servers' memory; a listing reads the names of all keys first,
/// and is no snapshot: each entry is as it was when it was read. Good for tens of thousands of keys.
/// </remarks>
internal sealed class ZooKeeperStateStore(ZooKeeperClient client, HeldLeaderships held, TimeProvider time, TimeSpan patience)
    : IStateStore
{
    public const string Directory = "/entries";

    private const int MaxValue = 900_000;
    private const int ReadAhead = 128;
    private readonly FenceNodes _fences = new(client);

    public async Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default)
    {
        StateKeys.Check(key);
        await client.SyncAsync(cancellation: cancellation);
        return await ReadAsync(key, cancellation);
    }

    public async IAsyncEnumerable<StateEntry> ListAsync(string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        StateKeys.CheckPrefix(prefix);
        await client.SyncAsync(cancellation: cancellation);
        var names = await client.GetChildrenAsync(Directory, cancellation: cancellation);
        var keys = names.Select(NodeNames.Unescape).OfType<string>()
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        keys.Sort(StateKeys.Order);
        var reads = new Queue<Task<StateEntry?>>();
        var next = 0;
        try
        {
            while (next < keys.Count || reads.Count > 0)
            {
                while (next < keys.Count && reads.Count < ReadAhead) reads.Enqueue(ReadAsync(keys[next++], cancellation));
                if (await reads.Dequeue() is { } entry) yield return entry;
            }
        }
        finally
        {
            // An enumeration that is left early leaves its reads to themselves; their failures concern nobody.
            foreach (var read in reads)
                _ = read.ContinueWith(r => _ = r.Exception, CancellationToken.None, TaskContinuationOptions.None,
                    TaskScheduler.Default);
        }
    }

    public async Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        StateKeys.Check(writes, fence);
        if (writes.FirstOrDefault(write => write.Value?.Length > MaxValue) is { } large)
        {
            throw new StateTooLargeException(
                $"the value of '{large.Key}' has {large.Value!.Value.Length} bytes, over the {MaxValue} that ZooKeeper takes");
        }

        if (writes.Count == 0 && fence is null) return;
        for (var start = time.GetTimestamp(); !await TryWriteAsync(writes, fence, cancellation);)
        {
            if (time.GetElapsedTime(start) > patience)
                throw new StateUnavailableException("others change the same keys without end");
        }
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private static string PathOf(string key) => $"{Directory}/{NodeNames.Escape(key)}";

    private async Task<StateEntry?> ReadAsync(string key, CancellationToken cancellation) =>
        await client.GetDataAsync(PathOf(key), cancellation: cancellation) is var (data, stat)
        ? new StateEntry(key, data, stat.Version + 1L) : null;

    /// <returns>False when something that the writes do not depend on changed underneath: nothing was written, to be tried
    /// again.</returns>
    private async Task<bool> TryWriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence, CancellationToken cancellation)
    {
        var operations = new List<NodeOperation>();
        var owners = new List<StateWrite?>();
        var seen = default(FenceNode);
        if (fence is not null)
        {
            seen = await _fences.GetAsync(fence.Name, cancellation);
            if (fence.Token < seen.Token) throw held.Refuse(fence);
            operations.Add(FenceNodes.Require(fence.Name, seen, fence.Token));
            owners.Add(null);
        }

        var there = await FindAsync(writes, cancellation);
        foreach (var write in writes)
        {
            foreach (var operation in Operations(write, there))
            {
                operations.Add(operation);
                owners.Add(write);
            }
        }

        try
        {
            await client.MultiAsync(operations, cancellation: cancellation);
        }
        catch (ConnectionLostException e)
        {
            throw new WriteOutcomeUnknownException(e.Message, e);
        }
        catch (ZooKeeperException e) when (e.Error is ZooKeeperError.BadVersion or ZooKeeperError.NodeExists
            or ZooKeeperError.NoNode)
        {
            var owner = owners[e.Operation];
            if (owner is null) _fences.Forget(fence!.Name);
            return owner?.ExpectedVersion is null ? false : throw new StateConflictException(owner.Key);
        }
        catch (ZooKeeperException e)
        {
            throw new StateUnavailableException($"ZooKeeper at {client.Name} refused a batch: {e.Message}", e);
        }

        if (fence is not null) _fences.Required(fence.Name, seen, fence.Token);
        return true;
    }

    /// <summary>Which keys that are to be written whatever is there are there.</summary>
    private async Task<Dictionary<string, bool>> FindAsync(IReadOnlyList<StateWrite> writes, CancellationToken cancellation)
    {
        var keys = writes.Where(write => write.ExpectedVersion is null).Select(write => write.Key).Distinct().ToList();
        var found = await Task.WhenAll(keys.Select(key => client.ExistsAsync(PathOf(key), cancellation: cancellation)));
        return keys.Zip(found).ToDictionary(pair => pair.First, pair => pair.Second is not null);
    }

    /// <summary>The operations of one write, given what is there after the writes before it.</summary>
    private static IEnumerable<NodeOperation> Operations(StateWrite write, Dictionary<string, bool> there)
    {
        var path = PathOf(write.Key);
        var exists = write.ExpectedVersion is { } expected ? expected > 0 : there[write.Key];
        var version = write.ExpectedVersion is > 0 ? ToNodeVersion(write.ExpectedVersion.Value) : -1;
        there[write.Key] = write.Value is not null;
        if (write.Value is { } value)
        {
            yield return exists ? new SetNode(path, value, version) : new CreateNode(path, value);
            yield break;
        }

        // Nothing to delete: made sure of by claiming the name, since it must hold when the batch is applied.
        if (!exists) yield return new CreateNode(path, default);
        yield return new DeleteNode(path, exists ? version : -1);
    }

    // A version that no node can have is refused as any wrong one is.
    private static int ToNodeVersion(long version) => version - 1 <= int.MaxValue ? (int)(version - 1) : int.MaxValue;
}
