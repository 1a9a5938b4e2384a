using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Masters;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Agents;

namespace LifecycleManager.Agent;

/// <summary>What the agent's owner is told and asked, one after the other.</summary>
internal abstract record AgentInput
{
    /// <summary>The master says something.</summary>
    public sealed record FromMaster(AgentEvent Event) : AgentInput;

    /// <summary>A master has registered the agent, and calls can be sent.</summary>
    public sealed record Connected : AgentInput;

    /// <summary>The connection needs the REGISTER of the moment.</summary>
    public sealed record Describe(TaskCompletionSource<RegisterCall> Call) : AgentInput;

    /// <summary>A registration waits for something no more.</summary>
    public sealed record Release(RegistrationHold Hold) : AgentInput;

    /// <summary>The Docker engine has appeared or disappeared.</summary>
    public sealed record EngineChanged : AgentInput;

    /// <summary>Docker containers of this agent's without a record; a registration waits for them no more.</summary>
    public sealed record ContainersFound(IReadOnlyList<FoundContainer> Containers) : AgentInput;

    /// <summary>A task has reached its terminal status.</summary>
    public sealed record Ended(TaskRun Run) : AgentInput;

    /// <summary>A task's terminal status was acknowledged.</summary>
    public sealed record Done(TaskRun Run) : AgentInput;

    /// <summary>More is known of a task whose record was lost.</summary>
    public sealed record Identified : AgentInput;

    /// <summary>The work directory can be written again.</summary>
    public sealed record DirectoryWritable : AgentInput;

    /// <summary>All tasks are to end, since the agent stops.</summary>
    public sealed record EndTasks(TaskCompletionSource Completion) : AgentInput;
}
