using System.Collections.Concurrent;

namespace LifecycleManager.Storage;

/// <summary>A leadership that ends once, by resignation or by loss.</summary>
internal sealed class Leadership(Fence fence, Func<ValueTask> release) : ILeadership
{
    private readonly CancellationTokenSource _lost = new();
    private int _released;

    public Fence Fence { get; } = fence;

    public CancellationToken Lost => _lost.Token;

    /// <summary>
    /// Cancels <see cref="Lost"/>: the token shows it on return, its callbacks have run when the task completes.
    /// </summary>
    public Task EndAsync() => _lost.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        // First whoever acts for the leadership stops, then it is free.
        try
        {
            await EndAsync();
        }
        finally
        {
            if (Interlocked.Exchange(ref _released, 1) == 0) await release();
        }
    }
}

/// <summary>The leaderships held through one backend: the store ends one whose write it had to refuse.</summary>
internal sealed class HeldLeaderships
{
    private readonly ConcurrentDictionary<Fence, Leadership> _leaderships = new();

    public void Add(Leadership leadership) => _leaderships[leadership.Fence] = leadership;

    public void Remove(Fence fence) => _leaderships.TryRemove(fence, out _);

    /// <summary>Ends the leadership of a fence that was refused, and makes the exception that says so.</summary>
    public FencedException Refuse(Fence fence)
    {
        if (_leaderships.TryRemove(fence, out var leadership)) _ = leadership.EndAsync();
        return new FencedException(fence);
    }

    public async ValueTask ResignAllAsync()
    {
        foreach (var leadership in _leaderships.Values) await leadership.DisposeAsync();
    }
}
