using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Between frameworks and their executors.</summary>
internal sealed class ExecutorMessages(
    ClusterServices services, AgentTable agents, FrameworkTable frameworks, ClusterTasks tasks)
{
    /// <summary>MESSAGE of a framework to an executor; without promise, as in Mesos.</summary>
    public void Message(Framework framework, MessageCall call)
    {
        var isKnown = agents.Registered.TryGetValue(call.AgentId, out var agent) && agent.IsConnected;
        services.Metrics.Mesos.Inc(
            MasterCount.MessagesFrameworkToExecutor, isKnown, MasterCount.ValidFrameworkToExecutorMessages,
            MasterCount.InvalidFrameworkToExecutorMessages);
        services.Effects.Send(agent?.Stream, new AgentEvent
        {
            Type = AgentEventType.Message,
            Message = new AgentMessage(framework.Id, call.ExecutorId, call.Data),
        });
    }

    /// <summary>SHUTDOWN of an executor: all its tasks are ended, and an executor ends with its last task.</summary>
    public void Shutdown(Framework framework, ShutdownCall call)
    {
        foreach (var task in framework.Tasks.Values.Where(task => task.AgentId == call.AgentId).ToList())
        {
            // A task without an executor of its own is its own executor, with its id.
            var executor = task.Executor ?? new ExecutorId(task.Id.Value);
            if (executor == call.ExecutorId) tasks.Kill(framework, new KillCall(task.Id, task.AgentId));
        }
    }

    /// <summary>MESSAGE of an executor to its framework.</summary>
    public void Message(Agent agent, AgentMessage message)
    {
        var isKnown = frameworks.Known.TryGetValue(message.FrameworkId, out var framework) && framework.IsConnected;
        services.Metrics.Mesos.Inc(
            MasterCount.MessagesExecutorToFramework, isKnown, MasterCount.ValidExecutorToFrameworkMessages,
            MasterCount.InvalidExecutorToFrameworkMessages);
        services.Effects.Send(framework?.Stream, new SchedulerEvent
        {
            Type = EventType.Message,
            Message = new MessageEvent(agent.Id, message.ExecutorId, message.Data),
        });
    }
}
