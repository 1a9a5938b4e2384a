namespace LifecycleManager.Storage.Memory;

/// <summary>Elects among the candidates of one process, in the order of their coming.</summary>
internal sealed class MemoryLeaderElection(MemoryState state, HeldOffices held) : ILeaderElection
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
            if (!state.Offices.TryGetValue(name, out var office)) state.Offices[name] = office = new MemoryOffice();
            office.Waiting.AddLast(candidate);
            ElectNext(name, office);
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        await using var withdrawal = linked.Token.Register(() => Withdraw(name, candidate, linked.Token));
        return await candidate.Elected.Task;
    }

    public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        lock (state.Gate) return Task.FromResult(state.Offices.GetValueOrDefault(name)?.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await held.ResignAllAsync();
    }

    private void ElectNext(string name, MemoryOffice office)
    {
        if (office.Leader is not null || office.Waiting.First?.Value is not { } candidate) return;
        office.Waiting.RemoveFirst();
        var token = state.Tokens[name] = state.Tokens.GetValueOrDefault(name) + 1;
        Leadership? elected = null;
        elected = new Leadership(new Fence(name, token), () => Release(name, office, elected!));
        office.Leader = elected;
        office.Address = candidate.Address;
        candidate.Held.Add(elected);
        candidate.Elected.SetResult(elected);
    }

    private ValueTask Release(string name, MemoryOffice office, Leadership leaving)
    {
        held.Remove(leaving.Fence);
        lock (state.Gate)
        {
            if (office.Leader != leaving) return ValueTask.CompletedTask;
            office.Leader = null;
            office.Address = null;
            ElectNext(name, office);
        }

        return ValueTask.CompletedTask;
    }

    private void Withdraw(string name, MemoryCandidate candidate, CancellationToken cancellation)
    {
        lock (state.Gate)
        {
            if (state.Offices[name].Waiting.Remove(candidate)) candidate.Elected.SetCanceled(cancellation);
        }
    }
}
