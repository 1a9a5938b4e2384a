using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>What operators do to agents. Each completes when it is durable.</summary>
internal sealed class AgentOperations(
    ClusterServices services, AgentTable agents, AllocationQueue allocations, OfferTable offers, TaskTracker tasks,
    AgentRemoval removal)
{
    private readonly ClusterServices _services = services;
    private readonly AgentTable _agents = agents;
    private readonly AllocationQueue _allocations = allocations;
    private readonly OfferTable _offers = offers;
    private readonly TaskTracker _tasks = tasks;
    private readonly AgentRemoval _removal = removal;

    /// <summary>DEACTIVATE_AGENT: no more offers of it; its tasks run on.</summary>
    public Task<OperatorResult> Deactivate(AgentId id)
    {
        if (!_agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest.Drain is not null) return OperatorResult.Conflict($"Agent {id.Value} is draining");
        return Operate(agent, newest => newest with { Deactivated = true });
    }

    /// <summary>REACTIVATE_AGENT: of an agent that was deactivated or has drained.</summary>
    public Task<OperatorResult> Reactivate(AgentId id)
    {
        if (!_agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest is { Drain: { Drained: false } }) return OperatorResult.Conflict($"Agent {id.Value} is still draining");
        return Operate(agent, newest => newest with { Deactivated = false, Drain = null });
    }

    /// <summary>DRAIN_AGENT: no more offers of it, and its tasks are ended.</summary>
    public Task<OperatorResult> Drain(AgentId id, TimeSpan? maxGracePeriod, bool markGone)
    {
        if (!_agents.Registered.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        _services.Log.LogInformation("Agent {Agent} at {Host} drains", id.Value, agent.Info.Hostname);
        return Operate(agent, newest => newest with
        {
            Deactivated = true,
            Drain = new DrainEntry(maxGracePeriod?.TotalSeconds, markGone)
        }, () =>
        {
            _tasks.KillAll(agent);
            CheckDrained(agent);
        });
    }

    private Task<OperatorResult> Operate(Agent agent, Func<AgentEntry, AgentEntry> change, Action? then = null)
    {
        if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {agent.Id.Value} is being removed");
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _agents.Change(
            agent, change,
            () =>
            {
                if (!agent.IsActive) _offers.RescindAll(agent);
                then?.Invoke();
                _allocations.MarkDirty(agent);
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
        _agents.Change(
            agent, newest => newest with { Drain = drain with { Drained = true } },
            () =>
            {
                _services.Log.LogInformation("Agent {Agent} at {Host} has drained", agent.Id.Value, agent.Info.Hostname);
                if (drain.MarkGone && _agents.Registered.ContainsKey(agent.Id)) _ = _removal.MarkGone(agent.Id);
            },
            _ => _services.Loop.After(ClusterServices.StoreRetry, () =>
            {
                if (_agents.Registered.GetValueOrDefault(agent.Id) == agent) CheckDrained(agent);
            }));
    }
}
