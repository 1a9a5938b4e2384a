using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Agents;

namespace LifecycleManager.Agent;

/// <summary>What the agent's loop takes, one after the other.</summary>
internal abstract record LoopMessage
{
    /// <summary>The master says something.</summary>
    public sealed record FromMaster(AgentEvent Event) : LoopMessage;

    /// <summary>The connection needs the REGISTER of the moment.</summary>
    public sealed record Describe(TaskCompletionSource<RegisterCall> Call) : LoopMessage;

    /// <summary>A Docker container of this agent's has no record.</summary>
    public sealed record Found(FoundContainer Container) : LoopMessage;

    /// <summary>A task has reached its terminal status.</summary>
    public sealed record Ended(TaskRun Run) : LoopMessage;

    /// <summary>A task's terminal status was acknowledged.</summary>
    public sealed record Done(TaskRun Run) : LoopMessage;
}
