using LifecycleManager.Storage;

namespace LifecycleManager.Scheduler.Tests.CoreCluster;

/// <summary>A store whose writes a test can have refused, or left without an answer.</summary>
internal sealed class RefusingStore(IStateStore inner) : IStateStore
{
    private volatile string? _refusal;
    private volatile TaskCompletionSource? _hung;

    /// <summary>Why writes are refused; null while they are not.</summary>
    public string? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }

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
        if (_hung is { } hung) await hung.Task;
        if (Refusal is { } reason) throw new StateUnavailableException(reason);
        await inner.WriteAsync(writes, fence, cancellation);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
