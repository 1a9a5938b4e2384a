using System.Runtime.CompilerServices;
using LifecycleManager.Storage;

namespace LifecycleManager.Scheduler.Tests.CoreModel;

/// <summary>A store that a simulation can look into; every write is durable at once.</summary>
internal sealed class SimulatedStore : IStateStore
{
    public SortedDictionary<string, ReadOnlyMemory<byte>> Entries { get; } = new(StringComparer.Ordinal);

    public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) =>
        Task.FromResult(Entries.TryGetValue(key, out var value) ? new StateEntry(key, value, 1) : null);

    public async IAsyncEnumerable<StateEntry> ListAsync(string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        foreach (var (key, value) in Entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            yield return new StateEntry(key, value, 1);
    }

    public Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        foreach (var write in writes)
        {
            if (write.Value is { } value) Entries[write.Key] = value.ToArray();
            else Entries.Remove(write.Key);
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
