using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>A store that can be told to fail, and lets a test look at each batch before it is written.</summary>
internal sealed class FaultyStore(IStateStore inner) : IStateStore
{
    public Exception? Failure { get; set; }

    public Action<IReadOnlyList<StateWrite>>? OnWrite { get; set; }

    public int Writes { get; private set; }

    public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) => inner.GetAsync(key, cancellation);

    public IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default) =>
        inner.ListAsync(prefix, cancellation);

    public Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        if (Failure is not null) return Task.FromException(Failure);
        OnWrite?.Invoke(writes);
        Writes += writes.Count;
        return inner.WriteAsync(writes, fence, cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
