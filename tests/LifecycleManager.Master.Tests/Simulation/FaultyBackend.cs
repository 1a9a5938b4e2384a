using LifecycleManager.Master.Allocators;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>A store, an election and an allocator that fail when they are told to.</summary>
internal sealed class FaultyBackend : IAllocator
{
    private readonly HierarchicalDrfAllocator _allocator = new();
    private int _refused;

    /// <summary>What a write throws.</summary>
    public Func<Exception>? OnWrite { get; set; }

    /// <summary>What a candidature throws.</summary>
    public Func<Exception>? OnStand { get; set; }

    /// <summary>What an allocation throws.</summary>
    public Func<Exception>? OnAllocate { get; set; }

    /// <summary>Writes that have failed.</summary>
    public int Refused => _refused;

    string IAllocator.Name => "faulty";

    IReadOnlyList<Allocation> IAllocator.Allocate(AllocationRequest request) =>
        OnAllocate is { } fault ? throw fault() : _allocator.Allocate(request);

    public IStateStore Wrap(IStateStore store) => new Store(this, store);

    public ILeaderElection Wrap(ILeaderElection election) => new Election(this, election);

    private sealed class Store(FaultyBackend faults, IStateStore inner) : IStateStore
    {
        public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) =>
            inner.GetAsync(key, cancellation);

        public IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default) =>
            inner.ListAsync(prefix, cancellation);

        public Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null, CancellationToken cancellation = default)
        {
            if (faults.OnWrite is not { } fault) return inner.WriteAsync(writes, fence, cancellation);
            Interlocked.Increment(ref faults._refused);
            return Task.FromException(fault());
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Election(FaultyBackend faults, ILeaderElection inner) : ILeaderElection
    {
        public Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default) =>
            faults.OnStand is { } fault ? Task.FromException<ILeadership>(fault())
            : inner.StandAsync(name, address, cancellation);

        public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default) =>
            inner.LeaderAsync(name, cancellation);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
