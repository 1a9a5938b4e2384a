namespace LifecycleManager.Storage;

/// <summary>
/// A durable, ordered key-value store: the state of the master, the scheduler and the manager. Keys are paths
/// (<c>scheduler/apps/brownfield/search</c>); values are opaque bytes. A write is durable when its task completes.
/// </summary>
/// <remarks>
/// <para>A key has 1 to 1024 bytes of UTF-8 without control characters; a value has 16 MiB at most, less in ZooKeeper.</para>
/// <para>What a read returns is no older than any write that was acknowledged before it began, whoever wrote it. Calls wait some
/// seconds for a server that is away, then fail with <see cref="StateUnavailableException"/>.</para>
/// <para>Writers that hold a leadership pass its <see cref="Fence"/>; a store refuses a write whose fence is older than the
/// newest it has seen for that fence's name, so that a deposed leader can no longer change anything.</para>
/// </remarks>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>The value of a key, or null.</summary>
    Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default);

    /// <summary>
    /// All entries whose key starts with <paramref name="prefix"/>, in the order of the keys' code points. One snapshot, but in
    /// ZooKeeper, where each entry is as it was when it was read.
    /// </summary>
    IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default);

    /// <summary>Applies all writes in their order, or none. Durable when the task completes.</summary>
    /// <param name="writes">A key may come more than once; each expectation holds after the writes before it.</param>
    /// <param name="fence">Of the leadership that the writer holds.</param>
    /// <param name="cancellation">Counts until the write is on its way; then it runs to its end, so that its outcome is
    /// known.</param>
    /// <exception cref="StateConflictException">A key was not at its expected version.</exception>
    /// <exception cref="FencedException">The fence is older than the store's newest.</exception>
    /// <exception cref="WriteOutcomeUnknownException">The answer was lost: all is in force, or nothing; read back, or step
    /// down.</exception>
    /// <exception cref="StateUnavailableException">The store cannot be reached. Nothing was written.</exception>
    /// <exception cref="StateTooLargeException">A value or the batch is over the store's limit. Nothing was written.</exception>
    Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default);
}

/// <summary>One entry of the store.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The bytes.</param>
/// <param name="Version">Grows by one with each write of the key, from 1.</param>
public sealed record StateEntry(string Key, ReadOnlyMemory<byte> Value, long Version);

/// <summary>One write of a batch.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value; null deletes the key.</param>
/// <param name="ExpectedVersion">Null: whatever is there; 0: the key must not exist; else the version it must have.</param>
public sealed record StateWrite(string Key, ReadOnlyMemory<byte>? Value, long? ExpectedVersion = null)
{
    /// <summary>
    /// Deletes a key. (A <c>byte[]</c> variable that is null would turn into an empty value, and delete nothing.)
    /// </summary>
    public static StateWrite Delete(string key, long? expectedVersion = null) =>
        new(key, (ReadOnlyMemory<byte>?)null, expectedVersion);
}

/// <summary>Proof of a leadership: the election's name and a token that grows with each new leader.</summary>
/// <param name="Name">The election, for example <c>master</c>.</param>
/// <param name="Token">The fencing token.</param>
public sealed record Fence(string Name, long Token);

/// <summary>A key was not at the version that a write expected.</summary>
public sealed class StateConflictException(string key) : Exception($"'{key}' was changed by somebody else")
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;
}

/// <summary>A write came from a leader that has been deposed.</summary>
public sealed class FencedException(Fence fence)
    : Exception($"the leadership of '{fence.Name}' with token {fence.Token} has ended")
{
    /// <summary>The fence that was refused.</summary>
    public Fence Fence { get; } = fence;
}
