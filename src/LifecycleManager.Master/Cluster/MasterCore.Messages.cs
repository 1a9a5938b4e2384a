using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>What agents say beside statuses.</content>
internal sealed partial class MasterCore
{
    private static ResourceSet TotalOf(Agent agent, ResourceSet own) => own.Plus(agent.Revocable);

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

        var own = agent.Account.Total.Where(kind => !kind.IsRevocable);
        agent.Revocable = revocable;
        _ledger.Resize(agent.Id, TotalOf(agent, own));
        MarkDirty(agent);
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
