namespace LifecycleManager.Clusters;

/// <summary>A client of an orchestrator: reads the counts of its workloads and sets them.</summary>
public interface IClusterClient
{
    /// <summary>The orchestrator and its address, for messages: <c>nomad at http://127.0.0.1:4646/</c>.</summary>
    string Description { get; }

    /// <summary>All workloads that can be scaled, as they are now.</summary>
    /// <exception cref="ClusterException">They cannot be read.</exception>
    Task<IReadOnlyList<Workload>> ListAsync(CancellationToken cancellation);

    /// <summary>
    /// Sets the count of one workload, where it is as it was seen: at every try, the orchestrator's own precondition closes the
    /// gap between reading and writing. A count that is there already is not written again.
    /// </summary>
    /// <exception cref="ClusterException">
    /// It was not set; with <see cref="ClusterFault.Unavailable"/> it may have been, and <see cref="CountAsync"/> tells.
    /// </exception>
    Task<CountChanged> SetCountAsync(CountChange change, CancellationToken cancellation);

    /// <summary>The count that a workload is asked to have; null where there is no such workload.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<CountSeen?> CountAsync(string workload, CancellationToken cancellation);
}
