using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What a subscribed operator is told: immutable, so that it may be written off the loop.</summary>
internal abstract record OperatorEvent
{
    /// <summary>The whole state, first of all.</summary>
    public sealed record Subscribed(MasterView View) : OperatorEvent;

    /// <summary>The master lives.</summary>
    public sealed record Heartbeat : OperatorEvent;

    /// <summary>An agent is registered for the first time, or again after it was absent.</summary>
    public sealed record AgentAdded(AgentView Agent) : OperatorEvent;

    /// <summary>An agent has left, or is unreachable.</summary>
    public sealed record AgentRemoved(AgentId Agent) : OperatorEvent;

    /// <summary>A task is launched, or found on an agent.</summary>
    public sealed record TaskAdded(ClusterTask Task) : OperatorEvent;

    /// <summary>A task has another status.</summary>
    public sealed record TaskUpdated(ClusterTask Task, TaskStatusInfo Status) : OperatorEvent;

    /// <summary>A framework is subscribed for the first time.</summary>
    public sealed record FrameworkAdded(FrameworkView Framework) : OperatorEvent;

    /// <summary>A framework is subscribed again, or is disconnected.</summary>
    public sealed record FrameworkUpdated(FrameworkView Framework) : OperatorEvent;

    /// <summary>A framework was removed.</summary>
    public sealed record FrameworkRemoved(FrameworkInfo Framework) : OperatorEvent;
}
