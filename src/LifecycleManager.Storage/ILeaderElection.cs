namespace LifecycleManager.Storage;

/// <summary>Elects one leader among the candidates that share a store.</summary>
public interface ILeaderElection : IAsyncDisposable
{
    /// <summary>
    /// Stands as a candidate until elected. The leadership ends when it is disposed (resignation), when the session behind it is
    /// lost, or when somebody deposes it.
    /// </summary>
    /// <param name="name">The election, for example <c>master</c>.</param>
    /// <param name="address">How others reach this candidate, <c>http://host:port</c>; published while it leads.</param>
    /// <param name="cancellation">Withdraws the candidature.</param>
    Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default);

    /// <summary>The current leader's address, or null while there is none.</summary>
    Task<string?> LeaderAsync(string name, CancellationToken cancellation = default);
}

/// <summary>A leadership that is held.</summary>
public interface ILeadership : IAsyncDisposable
{
    /// <summary>To be passed with every write.</summary>
    Fence Fence { get; }

    /// <summary>
    /// Cancelled before anybody else can be elected: the holder stops acting at once. A process that was stopped, or a virtual
    /// machine that was suspended, learns of it only when it goes on; until then the <see cref="Fence"/> protects the store.
    /// </summary>
    CancellationToken Lost { get; }
}
