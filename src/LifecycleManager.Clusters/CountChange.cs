namespace LifecycleManager.Clusters;

/// <summary>A count to set.</summary>
/// <param name="Workload">The workload's id.</param>
/// <param name="Count">The count.</param>
/// <param name="Seen">What the change was decided from: over anything else nothing is written.</param>
/// <param name="Policy">The policy that asks; shown where the orchestrator keeps a history.</param>
/// <param name="Reason">The reason, in plain words.</param>
public sealed record CountChange(string Workload, int Count, CountSeen Seen, string Policy, string Reason)
{
    /// <summary>Whether what is found makes the change needless: the workload that was seen has the count already.</summary>
    /// <exception cref="ClusterException">It forbids the change: <see cref="ClusterFault.Outdated"/>.</exception>
    internal bool IsMade(CountSeen found)
    {
        // Another try of ours, or somebody else, has set what is wanted: that is no other count to decide from.
        if ((Seen with { Count = Count }).Contradiction(found) is null) return true;
        return Seen.Contradiction(found) is { } why ? throw new ClusterException(ClusterFault.Outdated, why) : false;
    }
}

/// <summary>A count was set.</summary>
/// <param name="Warning">What the orchestrator remarked; null for nothing.</param>
/// <param name="Deployment">What carries the change out, where the orchestrator names it; or null.</param>
public sealed record CountChanged(string? Warning = null, string? Deployment = null);
