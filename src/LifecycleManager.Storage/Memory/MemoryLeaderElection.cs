namespace LifecycleManager.Storage.Memory;

/// <summary>Elects among the candidates of one process, in the order of their coming.</summary>
internal sealed class MemoryLeaderElection(MemoryState state, HeldLeaderships held) : ILeaderElection
{
    private readonly CancellationTokenSource _closing = new();

    public async Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        ArgumentException.ThrowIfNullOrEmpty(address);
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        cancellation.ThrowIfCancellationRequested();
        var candidate = new MemoryCandidate(address, new(TaskCreationOptions.RunContinuationsAsynchronously), held);
        lock (state.Gate)
        {
            if (!state.Elections.TryGetValue(name, out var election)) state.Elections[name] = election = new MemoryElection();
            election.Waiting.AddLast(candidate);
            ElectNext(name, election);
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        await using var withdrawal = linked.Token.Register(() => Withdraw(name, candidate, linked.Token));
        return await candidate.Elected.Task;
    }

    public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        lock (state.Gate) return Task.FromResult(state.Elections.GetValueOrDefault(name)?.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await held.ResignAllAsync();
    }

    private void ElectNext(string name, MemoryElection election)
    {
        if (election.Leader is not null || election.Waiting.First?.Value is not { } candidate) return;
        election.Waiting.RemoveFirst();
        var token = state.Tokens[name] = state.Tokens.GetValueOrDefault(name) + 1;
        Leadership? elected = null;
        elected = new Leadership(new Fence(name, token), () => Release(name, election, elected!));
        election.Leader = elected;
        election.Address = candidate.Address;
        candidate.Held.Add(elected);
        candidate.Elected.SetResult(elected);
    }

    private ValueTask Release(string name, MemoryElection election, Leadership leaving)
    {
        held.Remove(leaving.Fence);
        lock (state.Gate)
        {
            if (election.Leader != leaving) return ValueTask.CompletedTask;
            election.Leader = null;
            election.Address = null;
            ElectNext(name, election);
        }

        return ValueTask.CompletedTask;
    }

    private void Withdraw(string name, MemoryCandidate candidate, CancellationToken cancellation)
    {
        lock (state.Gate)
        {
            if (state.Elections[name].Waiting.Remove(candidate)) candidate.Elected.SetCanceled(cancellation);
        }
    }
}
