using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>What operators do to agents. Each completes when it is durable.</summary>
internal sealed class AgentOperations(
    ClusterServices services, AgentTable agents, AllocationQueue allocations, OfferTable offers, AgentDraining draining,
    AgentRemoval removal)
{
    /// <summary>DEACTIVATE_AGENT: no more offers of it; its tasks run on.</summary>
    public Task<OperatorResult> Deactivate(AgentId id)
    {
        if (!agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest.Drain is not null) return OperatorResult.Conflict($"Agent {id.Value} is draining");
        return Operate(agent, newest => newest with { Deactivated = true });
    }

    /// <summary>REACTIVATE_AGENT: of an agent that was deactivated or has drained.</summary>
    public Task<OperatorResult> Reactivate(AgentId id)
    {
        if (!agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest is { Drain: { Drained: false } }) return OperatorResult.Conflict($"Agent {id.Value} is still draining");
        return Operate(agent, newest => newest with { Deactivated = false, Drain = null });
    }

    /// <summary>DRAIN_AGENT: no more offers of it, and its tasks are ended.</summary>
    public Task<OperatorResult> Drain(AgentId id, TimeSpan? maxGracePeriod, bool markGone)
    {
        if (!agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        services.Log.LogInformation("Agent {Agent} at {Host} drains", id.Value, agent.Info.Hostname);
        return Operate(agent, newest => newest with
        {
            Deactivated = true,
            Drain = new DrainEntry(maxGracePeriod?.TotalSeconds, markGone)
        }, () =>
        {
            draining.End(agent);
            CheckDrained(agent);
        });
    }

    private Task<OperatorResult> Operate(Agent agent, Func<AgentEntry, AgentEntry> change, Action? then = null)
    {
        if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {agent.Id.Value} is being removed");
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        agents.Change(
            agent, change,
            () =>
            {
                if (!agent.IsActive) offers.RescindAll(agent);
                then?.Invoke();
                allocations.MarkDirty(agent);
                done.SetResult(OperatorResult.Done);
            },
            cause => done.SetResult(OperatorResult.Unavailable(cause)));
        return done.Task;
    }

    /// <summary>Stores that an agent has drained, once no task is on it.</summary>
    public void CheckDrained(Agent agent)
    {
        if (agent.IsLeaving || agent.Tasks.Count > 0 || agent.Entry.Drain is null
            || agent.Newest.Drain is not { Drained: false } drain) return;
        agents.Change(
            agent, newest => newest with { Drain = drain with { Drained = true } },
            () =>
            {
                services.Log.LogInformation("Agent {Agent} at {Host} has drained", agent.Id.Value, agent.Info.Hostname);
                if (drain.MarkGone && agents.Registered.ContainsKey(agent.Id)) _ = removal.MarkGone(agent.Id);
            },
            _ => services.Loop.After(ClusterServices.StoreRetry, () =>
            {
                if (agents.Registered.GetValueOrDefault(agent.Id) == agent) CheckDrained(agent);
            }));
    }
}
