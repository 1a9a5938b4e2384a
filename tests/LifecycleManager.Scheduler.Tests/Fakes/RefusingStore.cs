using LifecycleManager.Storage;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>A store whose writes a test can have refused, or left without an answer.</summary>
internal sealed class RefusingStore(IStateStore inner) : IStateStore
{
    private volatile string? _refusal;
    private volatile TaskCompletionSource? _hung;
    private int _attempts;

    /// <summary>Writes that were tried.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    /// <summary>Why writes are refused; null while they are not.</summary>
    public string? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }

    /// <summary>Writes do not succeed at the moment.</summary>
    public bool IsSick => Refusal is not null || _hung is not null;

    /// <summary>Writes wait from now on, until <see cref="Answer"/>.</summary>
    public void Hang() => _hung = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Writes that wait go on.</summary>
    public void Answer()
    {
        var hung = _hung;
        _hung = null;
        hung?.SetResult();
    }

    public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) => inner.GetAsync(key, cancellation);

    public IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default) =>
        inner.ListAsync(prefix, cancellation);

    public async Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
    {
        Interlocked.Increment(ref _attempts);
        if (_hung is { } hung)
        {
            // It has begun: like SQLite's it goes to its end, whoever has given up meanwhile.
            await hung.Task;
            cancellation = CancellationToken.None;
        }

        if (Refusal is { } reason) throw new StateUnavailableException(reason);
        await inner.WriteAsync(writes, fence, cancellation);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
