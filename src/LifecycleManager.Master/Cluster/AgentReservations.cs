using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Dynamic reservations: kept in the registry with their agent, and told to the agent.</summary>
internal sealed class AgentReservations(
    ClusterServices services, Ledger ledger, AgentTable agents, AllocationQueue allocations, OfferTable offers)
{
    /// <summary>
    /// RESERVE_RESOURCES and UNRESERVE_RESOURCES: of what nobody uses. Offers that stand in the way are rescinded.
    /// </summary>
    /// <param name="id">The agent.</param>
    /// <param name="wire">What is to be reserved, as it is to become; or to be unreserved, as it is.</param>
    /// <param name="isReserve">Which of both.</param>
    /// <param name="principal">Whose reservation it is to be; null where nobody is asked.</param>
    public Task<OperatorResult> Reserve(AgentId id, IReadOnlyList<Resource> wire, bool isReserve, string? principal)
    {
        if (!agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
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

        if ((isReserve ? Reservations.CheckReserve(stated, principal, offered: null)
            : Reservations.CheckUnreserve(stated)) is { } problem)
            return OperatorResult.Invalid(problem);
        var beneath = stated.Rename(kind => kind.Pop());
        var (from, to) = isReserve ? (beneath, stated) : (stated, beneath);
        if (!agent.Account.Free.Contains(from)) offers.RescindAll(agent);
        if (!agent.Account.Free.Contains(from))
            return OperatorResult.Conflict($"{from} is not free on agent {id.Value}, which has {agent.Account.Free}");
        ledger.Resize(id, agent.Account.Total.Minus(from).Plus(to));
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        StoreReservations(
            agent,
            () =>
            {
                allocations.MarkDirty(agent);
                done.SetResult(new OperatorResult(202));
            },
            cause =>
            {
                // What was offered meanwhile is taken back; what was launched with it keeps the reservation, which is stored
                // then.
                if (!agent.Account.Free.Contains(to)) offers.RescindAll(agent);
                if (agent.Account.Free.Contains(to)) ledger.Resize(id, agent.Account.Total.Minus(to).Plus(from));
                else KeepReservations(agent, static () => { });
                allocations.MarkDirty(agent);
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    /// <summary>Until they are stored: the operation was accepted, and its resources are nobody else's meanwhile.</summary>
    public void KeepReservations(Agent agent, Action then) =>
        StoreReservations(agent, then, _ => services.Loop.After(ClusterServices.StoreRetry, () =>
    {
        if (agents.Registered.GetValueOrDefault(agent.Id) == agent) KeepReservations(agent, then);
    }));

    private void StoreReservations(Agent agent, Action then, Action<string> refused)
    {
        var total = agent.Account.Total.Where(kind => !kind.IsRevocable);
        agents.Change(
            agent, newest => newest with { Reserved = Reservations.HasDynamic(total) ? total.ToWire() : null },
            () =>
            {
                services.Effects.Send(agent.Stream,
                    new AgentEvent { Type = AgentEventType.Resources, Resources = total.ToWire() });
                then();
            },
            refused);
    }

    /// <summary>The agent's own resources with the reservations that the registry has for it.</summary>
    public void ApplyTotal(Agent agent, ResourceSet own)
    {
        var total = own;
        if (agent.Entry.Reserved is { } stored)
        {
            if (Reservations.Apply(own, ResourceWire.Parse(stored)) is { } reserved) total = reserved;
            else services.Log.LogWarning("Agent {Agent} has less than is reserved on it: {Total}", agent.Id.Value, own);
            services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.Resources, Resources = total.ToWire() });
        }

        ledger.Resize(agent.Id, total.Plus(agent.Revocable));
    }

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
            services.Log.LogWarning("Agent {Agent} oversubscribes wrongly: {Problem}", agent.Id.Value, problem.Message);
            return;
        }

        // Offers of slack that is no longer there are taken back; tasks that use it are the agent's to end.
        foreach (var offer in agent.Offers.Where(offer => offer.Resources.Entries.Any(entry => entry.Kind.IsRevocable)).ToList())
        {
            offers.TakeBack(offer, rescind: true);
        }

        services.Changes.Advance();
        var own = agent.Account.Total.Where(kind => !kind.IsRevocable);
        agent.Revocable = revocable;
        ledger.Resize(agent.Id, own.Plus(revocable));
        allocations.MarkDirty(agent);
    }
}
