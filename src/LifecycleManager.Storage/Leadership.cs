using System.Collections.Concurrent;

namespace LifecycleManager.Storage;

/// <summary>An office that ends once, by resignation or by loss.</summary>
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
        // First whoever acts for the office stops, then it is free.
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

/// <summary>The offices held through one backend: the store ends one whose write it had to refuse.</summary>
internal sealed class HeldOffices
{
    private readonly ConcurrentDictionary<Fence, Leadership> _offices = new();

    public void Add(Leadership office) => _offices[office.Fence] = office;

    public void Remove(Fence fence) => _offices.TryRemove(fence, out _);

    /// <summary>Ends the office of a fence that was refused, and makes the exception that says so.</summary>
    public FencedException Refuse(Fence fence)
    {
        if (_offices.TryRemove(fence, out var office)) _ = office.EndAsync();
        return new FencedException(fence);
    }

    public async ValueTask ResignAllAsync()
    {
        foreach (var office in _offices.Values) await office.DisposeAsync();
    }
}
