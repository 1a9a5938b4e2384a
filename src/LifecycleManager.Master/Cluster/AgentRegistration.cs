using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Agents come and return: whether they are admitted, and what follows once that is stored.</summary>
internal sealed class AgentRegistration(
    ClusterServices services, Ledger ledger, AgentTable agents, AgentConnections connections, AllocationQueue allocations,
    AgentReservations reservations, TaskAdoption adoption, OperatorEvents events, ClusterViews views)
{
    private long _next;

    /// <summary>REGISTER: the stream gets REGISTERED, SHUTDOWN or ERROR first.</summary>
    public void Register(RegisterCall call, EventStream<AgentEvent> stream)
    {
        if (stream.IsClosed) return;
        services.Metrics.Mesos.Inc(call.AgentInfo.Id is null, MasterCount.MessagesRegisterSlave,
            MasterCount.MessagesReregisterSlave);
        ResourceSet total;
        try
        {
            total = ResourceWire.Parse(call.AgentInfo.Resources);
        }
        catch (ResourceException problem)
        {
            Reject(stream, $"agent_info.resources: {problem.Message}");
            return;
        }

        if (call.AgentInfo.Id is not { } id)
        {
            if (agents.Registered.Count >= services.Options.MaxAgents)
            {
                Reject(stream, $"{services.Options.MaxAgents} agents are registered already");
                return;
            }

            id = new AgentId($"{services.MasterId}-S{_next++}");
            Admit(id, new AgentEntry { Info = call.AgentInfo with { Id = id }, Standing = AgentStanding.Admitted }, true, call,
                total, stream);
            return;
        }

        if (Ids.Problem(id.Value) is { } wrong)
        {
            Reject(stream, $"agent_info.id: {wrong}");
            return;
        }

        if (agents.Registered.TryGetValue(id, out var agent))
        {
            // What is being decided about it comes first; then it is told.
            if (agent.IsLeaving) services.Commit([], () => Register(call, stream), _ => Register(call, stream));
            else Readmit(agent, call, total, stream);
        }
        else if (!agents.Absent.TryGetValue(id, out var absent))
        {
            // As Mesos: an agent that was forgotten among the unreachable may return with its tasks.
            Admit(id, new AgentEntry { Info = call.AgentInfo, Standing = AgentStanding.Admitted }, true, call, total, stream);
        }
        else if (absent.Entry.Standing == AgentStanding.Gone)
        {
            services.Effects.Send(stream,
                new AgentEvent { Type = AgentEventType.Shutdown, Reason = "the agent was marked as gone" });
            services.Effects.Close(stream);
        }
        else
        {
            var entry = Returned(absent.Entry, call);
            var isStored = !absent.IsGivenUp && RegistryWrites.Same(absent.Entry, entry, RegistryJson.Default.AgentEntry);
            Admit(id, entry, !isStored, call, total, stream);
        }
    }

    private void Reject(EventStream<AgentEvent> stream, string reason)
    {
        services.Effects.Send(stream, new AgentEvent { Type = AgentEventType.Error, Reason = reason });
        services.Effects.Close(stream);
    }

    private static AgentEntry Returned(AgentEntry known, RegisterCall call) =>
        known with { Info = call.AgentInfo, Standing = AgentStanding.Admitted, Since = null };

    private void Readmit(Agent agent, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        Expect(agent.Id, stream);
        if (RegistryWrites.Same(agent.Newest, Returned(agent.Newest, call), RegistryJson.Default.AgentEntry))
            Admitted(agent.Id, agent.Entry, call, total, stream);
        else agents.Change(agent, newest => Returned(newest, call), () => Admitted(agent.Id, agent.Entry, call, total, stream),
            cause => NotAdmitted(agent.Id, stream, cause));
    }

    private void Admit(AgentId id, AgentEntry entry, bool store, RegisterCall call, ResourceSet total,
        EventStream<AgentEvent> stream)
    {
        Expect(id, stream);
        if (store) agents.Store(entry, () => Admitted(id, entry, call, total, stream), cause => NotAdmitted(id, stream, cause));
        else Admitted(id, entry, call, total, stream);
    }

    private void Expect(AgentId id, EventStream<AgentEvent> stream)
    {
        services.Changes.Advance();
        connections.Add(stream);
        agents.BeginAdmission(id, stream);
        stream.AgentId = id;
    }

    private void NotAdmitted(AgentId id, EventStream<AgentEvent> stream, string cause)
    {
        agents.TryEndAdmission(id, stream);
        services.Effects.Refuse(stream, cause);
    }

    private void Admitted(AgentId id, AgentEntry entry, RegisterCall call, ResourceSet total, EventStream<AgentEvent> stream)
    {
        // A newer registration has overtaken this one.
        if (!agents.TryEndAdmission(id, stream))
        {
            services.Effects.Close(stream);
            return;
        }

        services.Changes.Advance();
        var isNew = !agents.Registered.TryGetValue(id, out var agent);
        var wasUnreachable = false;
        if (agent is null)
        {
            wasUnreachable = agents.TakeAbsent(id)?.Entry.Standing == AgentStanding.Unreachable;
            agent = new Agent(id, entry, ledger.Open(id, total), services.Now);
            agents.Add(agent);
        }

        services.Metrics.Mesos.Inc(call.AgentInfo.Id is null, MasterCount.SlaveRegistrations, MasterCount.SlaveReregistrations);
        connections.Connect(agent, call, stream, isNew);
        reservations.ApplyTotal(agent, total);
        services.Effects.Send(stream, new AgentEvent
        {
            Type = AgentEventType.Registered,
            Registered = new RegisteredEvent(id, services.MasterId, services.Options.AgentPingInterval.TotalSeconds),
        });
        services.Log.LogInformation(
            "Agent {Agent} at {Host} is registered with {Total} and {Tasks} tasks",
            id.Value, agent.Info.Hostname, agent.Account.Total, call.Tasks?.Count ?? 0);
        adoption.Take(agent, call, wasUnreachable);
        if (isNew) events.AgentAdded(() => views.Of(agent));
        if (stream.IsClosed) connections.StreamEnded(stream, id);
        allocations.MarkDirty(agent);
    }
}
