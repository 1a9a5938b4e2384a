using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>The streams of registered agents, and whether the agents show signs of life on them.</summary>
internal sealed class AgentConnections(ClusterServices services, AgentTable agents, OfferTable offers, OpenStreams streams)
{
    /// <summary>
    /// Told of an agent that has not answered as many PINGs as it may; whether it is given up, and needs no more PINGs.
    /// </summary>
    public Func<Agent, bool>? OnSilent { get; set; }

    /// <summary>A stream is open, on which an agent registers.</summary>
    public void Add(EventStream<AgentEvent> stream) => streams.Add(stream);

    /// <summary>An agent is registered on a stream, which takes the place of an earlier one.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="call">Its registration.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="isNew">Whether it has just been added.</param>
    public void Connect(Agent agent, RegisterCall call, EventStream<AgentEvent> stream, bool isNew)
    {
        services.Changes.Advance();
        if (isNew)
        {
            SendPings(agent);
        }
        else
        {
            offers.RescindAll(agent);
            services.Effects.Close(agent.Stream);
            agent.ReregisteredAt = services.Now;
        }

        if (call.Address is { } address) agent.Address = new Uri(address);
        agent.Version = call.Version;
        agent.Features = call.Features ?? [];
        agent.Unanswered = 0;
        agent.Stream = stream;
    }

    /// <summary>Ends the stream of an agent, after what it was sent.</summary>
    public void Disconnect(Agent agent)
    {
        var stream = agent.Stream;
        agent.Stream = null;
        services.Effects.Close(stream);
    }

    /// <summary>The agent of a call, or null when the stream is not its present one.</summary>
    public Agent? AgentOf(AgentId? id, string? streamId)
    {
        if (id is not { } known || !agents.Registered.TryGetValue(known, out var agent) || agent.IsLeaving
            || agent.Stream?.Id != streamId) return null;

        // A sign of life, which is no change of state.
        agent.Unanswered = 0;
        return agent;
    }

    /// <summary>An agent's connection has ended.</summary>
    public void StreamEnded(EventStream<AgentEvent> stream, AgentId? id)
    {
        services.Changes.Advance();
        services.Effects.Close(stream);
        streams.Remove(stream);
        if (id is not { } known || !agents.Registered.TryGetValue(known, out var agent) || agent.Stream != stream) return;
        agent.Stream = null;
        services.Log.LogInformation("Agent {Agent} at {Host} has disconnected", agent.Id.Value, agent.Info.Hostname);
        offers.RescindAll(agent);
    }

    /// <summary>Sends PINGs to an agent until it leaves.</summary>
    public void SendPings(Agent agent) => agent.Ping = services.Loop.After(services.Options.AgentPingInterval, () =>
    {
        if (agent.IsLeaving || !agents.Has(agent)) return;
        if (agent.Unanswered >= services.Options.MaxAgentPings && OnSilent?.Invoke(agent) == true) return;
        agent.Unanswered++;
        services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.Ping });
        SendPings(agent);
    });

    /// <summary>An agent is about to leave, and needs no PINGs.</summary>
    public static void StopPings(Agent agent) => agent.Ping?.Cancel();
}
