using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>What agents say beside statuses.</content>
internal sealed partial class MasterCore
{
    /// <summary>OVERSUBSCRIBE: the slack that the agent now estimates; offered as revocable.</summary>
    public void Oversubscribe(Agent agent, IReadOnlyList<Resource> resources)
    {
        ResourceSet revocable;
        try
        {
            revocable = ResourceWire.Parse([.. resources.Select(resource => resource with { Revocable = new RevocableInfo() })]);
        }
        catch (ResourceException problem)
        {
            _log.LogWarning("Agent {Agent} oversubscribes wrongly: {Problem}", agent.Id.Value, problem.Message);
            return;
        }

        // Offers of slack that is no longer there are taken back; tasks that use it are the agent's to end.
        foreach (var offer in agent.Offers.Where(offer => offer.Resources.Entries.Any(entry => entry.Kind.IsRevocable)).ToList())
        {
            TakeBack(offer, rescind: true);
        }

        _changes.Advance();
        var own = agent.Account.Total.Where(kind => !kind.IsRevocable);
        agent.Revocable = revocable;
        _ledger.Resize(agent.Id, own.Plus(revocable));
        MarkDirty(agent);
    }

    /// <summary>MESSAGE of a framework to an executor; without promise, as in Mesos.</summary>
    public void Message(Framework framework, MessageCall call)
    {
        if (!_agents.TryGetValue(call.AgentId, out var agent)) return;
        agent.Stream?.Send(new AgentEvent
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
            if (executor == call.ExecutorId) Kill(framework, new KillCall(task.Id, task.AgentId));
        }
    }

    /// <summary>MESSAGE of an executor to its framework.</summary>
    public void Message(Agent agent, AgentMessage message)
    {
        if (!_frameworks.TryGetValue(message.FrameworkId, out var framework)) return;
        framework.Stream?.Send(new SchedulerEvent
        {
            Type = EventType.Message,
            Message = new MessageEvent(agent.Id, message.ExecutorId, message.Data),
        });
    }
}
