using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// A short list under one key of the store, as the leader of one term has it: durable before it is in force, read from any
/// thread. Who does not lead reads the store.
/// </summary>
internal sealed class StoredList<T>(IStateStore store, string key, JsonTypeInfo<IReadOnlyList<T>> json) : IDisposable
    where T : class
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private volatile ImmutableList<T> _entries = [];

    /// <summary>What is in force.</summary>
    public ImmutableList<T> Entries => _entries;

    /// <summary>Reads what is in the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The key.</param>
    /// <param name="json">How it is written.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="unreadable">What stands for a record that cannot be read; null: it throws.</param>
    public static async Task<ImmutableList<T>> ReadAsync(
        IStateStore store, string key, JsonTypeInfo<IReadOnlyList<T>> json, CancellationToken cancellation,
        ImmutableList<T>? unreadable = null)
    {
        if (await store.GetAsync(key, cancellation) is not { } stored) return [];
        try
        {
            ImmutableList<T> entries =
                [.. JsonSerializer.Deserialize(stored.Value.Span, json) ?? throw new JsonException("the list is null")];
            return entries.Contains(default!) ? throw new JsonException("an entry is null") : entries;
        }
        catch (JsonException) when (unreadable is not null)
        {
            return unreadable;
        }
    }

    /// <summary>Reads what is in the store, once: at the beginning of a leadership.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="unreadable">What stands for a record that cannot be read; null: it throws.</param>
    public async Task LoadAsync(CancellationToken cancellation, ImmutableList<T>? unreadable = null) =>
        _entries = await ReadAsync(store, key, json, cancellation, unreadable);

    /// <summary>Changes the list; nothing is written where the change gives the very same list.</summary>
    public async Task ChangeAsync(Func<ImmutableList<T>, ImmutableList<T>> change, Fence? fence, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            var next = change(_entries);
            if (ReferenceEquals(next, _entries)) return;
            await store.WriteAsync([new StateWrite(key, JsonSerializer.SerializeToUtf8Bytes(next, json))], fence, cancellation);
            _entries = next;
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();
}
