namespace LifecycleManager.Storage.Sqlite;

/// <summary>A batch that waits for the writer: either withdrawn in time, or begun and ended.</summary>
internal sealed class PendingWrite(IReadOnlyList<StateWrite> writes, Fence? fence)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;

    public IReadOnlyList<StateWrite> Writes => writes;

    public Fence? Fence => fence;

    public Task Done => _done.Task;

    /// <summary>False when it was withdrawn.</summary>
    public bool Begin() => Interlocked.Exchange(ref _taken, 1) == 0;

    public void Withdraw(CancellationToken cancellation)
    {
        if (Begin()) _done.SetCanceled(cancellation);
    }

    public void End(Exception? failure)
    {
        if (failure is null) _done.TrySetResult();
        else _done.TrySetException(failure);
    }
}
