using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>Dynamic reservations: kept in the registry with their agent, and told to the agent.</content>
internal sealed partial class MasterCore
{
    private bool Reserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "RESERVE", resources, Reservations.CheckReserve, to => to.Rename(kind => kind.Pop()), reserved => reserved);

    private bool Unreserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "UNRESERVE", resources, Reservations.CheckUnreserve, from => from, from => from.Rename(kind => kind.Pop()));

    // True: the operations go on when the change is durable.
    private bool Convert(
        PendingAccept accept, string name, IReadOnlyList<Resource> wire, Func<ResourceSet, Framework, string, string?> check,
        Func<ResourceSet, ResourceSet> from, Func<ResourceSet, ResourceSet> to)
    {
        var (framework, agent) = (accept.Framework, accept.Agent);
        var problem = TaskValidation.Resources(wire, accept.Role, out var stated) ?? check(stated, framework, accept.Role);
        if (problem is null && !accept.Left.Contains(from(stated))) problem = $"{from(stated)} is not in the offer, which has {accept.Left}";
        if (problem is not null)
        {
            // As Mesos, which has no answer to a refused operation without an id either.
            _log.LogWarning("{Operation} of framework {Framework} on {Agent}: {Problem}", name, framework.Id.Value, agent.Id.Value, problem);
            return false;
        }

        _ledger.Convert(agent.Id, framework.Id, accept.Role, from(stated), to(stated));
        accept.Left = accept.Left.Minus(from(stated)).Plus(to(stated));
        var total = agent.Account.Total.Where(kind => !kind.IsRevocable);
        agent.Entry = agent.Entry with { Reserved = Reservations.HasDynamic(total) ? total.ToWire() : null };
        Store(agent.Entry, () =>
        {
            agent.Stream?.Send(new AgentEvent { Type = AgentEventType.Resources, Resources = total.ToWire() });
            Continue(accept);
        });
        return true;
    }

    // The agent's own resources with the reservations that the registry has for it.
    private void ApplyTotal(Agent agent, ResourceSet own)
    {
        var total = own;
        if (agent.Entry.Reserved is { } stored)
        {
            if (Reservations.Apply(own, ResourceWire.Parse(stored)) is { } reserved) total = reserved;
            else _log.LogWarning("Agent {Agent} has less than is reserved on it: {Total}", agent.Id.Value, own);
            agent.Stream?.Send(new AgentEvent { Type = AgentEventType.Resources, Resources = total.ToWire() });
        }

        _ledger.Resize(agent.Id, total.Plus(agent.Revocable));
    }
}
