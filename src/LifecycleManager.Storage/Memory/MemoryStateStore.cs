using System.Runtime.CompilerServices;

namespace LifecycleManager.Storage.Memory;

/// <summary>A store that lasts as long as the process: for tests and the simulation.</summary>
internal sealed class MemoryStateStore(MemoryState state, HeldLeaderships held) : IStateStore
{
    private bool _closed;

    public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default)
    {
        StateKeys.Check(key);
        ObjectDisposedException.ThrowIf(_closed, this);
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(state.Entries.GetValueOrDefault(key));
    }

    public async IAsyncEnumerable<StateEntry> ListAsync(string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        StateKeys.CheckPrefix(prefix);
        ObjectDisposedException.ThrowIf(_closed, this);
        await Task.CompletedTask;
        foreach (var (key, entry) in state.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            if (key.StartsWith(prefix, StringComparison.Ordinal)) yield return entry;
        }
    }

    public Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        StateKeys.Check(writes, fence);
        ObjectDisposedException.ThrowIf(_closed, this);
        cancellation.ThrowIfCancellationRequested();
        lock (state.Gate)
        {
            if (fence is not null && fence.Token < state.Tokens.GetValueOrDefault(fence.Name))
                return Task.FromException(held.Refuse(fence));
            var entries = state.Entries.ToBuilder();
            foreach (var write in writes)
            {
                var version = entries.TryGetValue(write.Key, out var entry) ? entry.Version : 0;
                if (write.ExpectedVersion is { } expected && expected != version)
                {
                    return Task.FromException(new StateConflictException(write.Key));
                }

                if (write.Value is { } value) entries[write.Key] = new StateEntry(write.Key, value.ToArray(), version + 1);
                else entries.Remove(write.Key);
            }

            state.Entries = entries.ToImmutable();
            if (fence is not null) state.Tokens[fence.Name] = fence.Token;
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_closed) state.Close();
        _closed = true;
        return ValueTask.CompletedTask;
    }
}
