using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>An ACCEPT under way: what is left of its offers stays offered until its last operation is done.</summary>
internal sealed class PendingAccept(Framework framework, Agent agent, string role, ResourceSet left, AcceptCall call)
{
    public Framework Framework { get; } = framework;

    public Agent Agent { get; } = agent;

    public string Role { get; } = role;

    /// <summary>What is not used yet.</summary>
    public ResourceSet Left { get; set; } = left;

    public IReadOnlyList<Operation> Operations { get; } = call.Operations ?? [];

    /// <summary>The operation that is next.</summary>
    public int Next { get; set; }

    public Filters? Filters { get; } = call.Filters;

    /// <summary>Whether an operation has changed anything.</summary>
    public bool HasEffect { get; set; }

    /// <summary>Whether it was ended since its agent or framework is gone.</summary>
    public bool IsCancelled { get; set; }
}
