namespace LifecycleManager.Clusters;

/// <summary>A call to an orchestrator failed. The message is one clear sentence, without secrets.</summary>
public sealed class ClusterException(ClusterFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public ClusterFault Fault { get; } = fault;
}

/// <summary>Why a call to an orchestrator failed.</summary>
public enum ClusterFault
{
    /// <summary>It did not answer, or with a fault of its own.</summary>
    Unavailable,

    /// <summary>It refuses the call, and would refuse it again.</summary>
    Refused,

    /// <summary>Something else is changing the workload; to be tried again later.</summary>
    Conflict,

    /// <summary>There is no such workload.</summary>
    NotFound,

    /// <summary>The workload is not as it was when the change was decided: nothing was written.</summary>
    Outdated,
}
