using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>Dynamic reservations: kept in the registry with their agent, and told to the agent.</content>
internal sealed partial class MasterCore
{
    /// <summary>RESERVE_RESOURCES and UNRESERVE_RESOURCES: of what nobody uses. Offers that stand in the way are rescinded.</summary>
    /// <param name="id">The agent.</param>
    /// <param name="wire">What is to be reserved, as it is to become; or to be unreserved, as it is.</param>
    /// <param name="isReserve">Which of both.</param>
    /// <param name="principal">Whose reservation it is to be; null where nobody is asked.</param>
    public Task<OperatorResult> Reserve(AgentId id, IReadOnlyList<Resource> wire, bool isReserve, string? principal)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {id.Value} is being removed");
        ResourceSet stated;
        try
        {
            stated = ResourceWire.Parse(wire);
        }
        catch (ResourceException e)
        {
            return OperatorResult.Invalid(e.Message);
        }

        if ((isReserve ? Reservations.CheckReserve(stated, principal, offered: null) : Reservations.CheckUnreserve(stated)) is { } problem)
            return OperatorResult.Invalid(problem);
        var beneath = stated.Rename(kind => kind.Pop());
        var (from, to) = isReserve ? (beneath, stated) : (stated, beneath);
        if (!agent.Account.Free.Contains(from)) RescindAll(agent);
        if (!agent.Account.Free.Contains(from)) return OperatorResult.Conflict($"{from} is not free on agent {id.Value}, which has {agent.Account.Free}");
        _ledger.Resize(id, agent.Account.Total.Minus(from).Plus(to));
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        StoreReservations(
            agent,
            () =>
            {
                MarkDirty(agent);
                done.SetResult(new OperatorResult(202));
            },
            cause =>
            {
                // What was offered meanwhile is taken back; what was launched with it keeps the reservation, which is stored then.
                if (!agent.Account.Free.Contains(to)) RescindAll(agent);
                if (agent.Account.Free.Contains(to)) _ledger.Resize(id, agent.Account.Total.Minus(to).Plus(from));
                else KeepReservations(agent, static () => { });
                MarkDirty(agent);
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    private bool Reserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "RESERVE", resources, stated => Reservations.CheckReserve(stated, accept.Framework.Info.Principal, accept.Role),
            to => to.Rename(kind => kind.Pop()), reserved => reserved);

    private bool Unreserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "UNRESERVE", resources, Reservations.CheckUnreserve, from => from, from => from.Rename(kind => kind.Pop()));

    // True: the operations go on when the change is durable.
    private bool Convert(
        PendingAccept accept, string name, IReadOnlyList<Resource> wire, Func<ResourceSet, string?> check,
        Func<ResourceSet, ResourceSet> from, Func<ResourceSet, ResourceSet> to)
    {
        var (framework, agent) = (accept.Framework, accept.Agent);
        var problem = TaskValidation.Resources(wire, accept.Role, out var stated) ?? check(stated);
        if (problem is null && !accept.Left.Contains(from(stated))) problem = $"{from(stated)} is not in the offer, which has {accept.Left}";
        if (problem is not null)
        {
            // As Mesos, which has no answer to a refused operation without an id either.
            _log.LogWarning("{Operation} of framework {Framework} on {Agent}: {Problem}", name, framework.Id.Value, agent.Id.Value, problem);
            return false;
        }

        _ledger.Convert(agent.Id, framework.Id, accept.Role, from(stated), to(stated));
        accept.Left = accept.Left.Minus(from(stated)).Plus(to(stated));
        KeepReservations(agent, () => Continue(accept));
        return true;
    }

    // Until they are stored: the operation was accepted, and its resources are nobody else's meanwhile.
    private void KeepReservations(Agent agent, Action then) => StoreReservations(agent, then, _ => _loop.After(StoreRetry, () =>
    {
        if (_agents.GetValueOrDefault(agent.Id) == agent) KeepReservations(agent, then);
    }));

    private void StoreReservations(Agent agent, Action then, Action<string> refused)
    {
        var total = agent.Account.Total.Where(kind => !kind.IsRevocable);
        Change(
            agent, newest => newest with { Reserved = Reservations.HasDynamic(total) ? total.ToWire() : null },
            () =>
            {
                agent.Stream?.Send(new AgentEvent { Type = AgentEventType.Resources, Resources = total.ToWire() });
                then();
            },
            refused);
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
