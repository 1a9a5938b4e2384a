using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Agents that leave, do not answer, do not return, or are marked as gone.</summary>
internal sealed class AgentRemoval(
    ClusterServices services, Ledger ledger, AgentTable agents, AgentConnections connections, FrameworkTable frameworks,
    AllocationQueue allocations, OfferTable offers, ClusterTasks tasks, OfferAcceptance accepts, OperatorEvents events)
{
    private readonly RateLimiter? _removals =
        services.Options.AgentRemovalLimit is { } limit ? new RateLimiter(limit, services.Options.AgentRemovalWindow) : null;

    /// <summary>UNREGISTER: the agent has ended its tasks and leaves for good.</summary>
    public void Unregister(Agent agent)
    {
        services.Log.LogInformation("Agent {Agent} at {Host} leaves", agent.Id.Value, agent.Info.Hostname);
        Leave(
            agent, AgentStanding.Gone, TaskState.Gone, "The agent has left the cluster", static () => { },
            _ => services.Loop.After(ClusterServices.StoreRetry, () =>
            {
                if (agents.Has(agent) && !agent.IsLeaving) Unregister(agent);
            }));
    }

    /// <summary>An agent that does not answer is unreachable.</summary>
    /// <returns>False where no more agents may be removed yet.</returns>
    public bool TryGiveUp(Agent agent)
    {
        services.Metrics.Mesos.Inc(MasterCount.SlaveUnreachableScheduled);
        if (!TryRemovePermit())
        {
            services.Metrics.Mesos.Inc(MasterCount.SlaveUnreachableCanceled);
            return false;
        }

        services.Log.LogWarning("Agent {Agent} at {Host} does not answer", agent.Id.Value, agent.Info.Hostname);
        Leave(
            agent, AgentStanding.Unreachable, TaskState.Unreachable, "The agent does not answer", static () => { }, _ =>
            {
                services.Metrics.Mesos.Inc(MasterCount.SlaveUnreachableCanceled);
                connections.SendPings(agent);
            });
        return true;
    }

    // Its end is durable before anybody learns of it: a framework that was told of a loss may start a replacement.
    private void Leave(Agent agent, AgentStanding standing, TaskState state, string message, Action then, Action<string> refused)
    {
        services.Changes.Advance();
        agent.IsLeaving = true;
        AgentConnections.StopPings(agent);
        offers.RescindAll(agent);
        foreach (var accept in agent.Accepts.ToList()) accepts.Cancel(accept, message);
        var since = services.Now;
        agents.Change(
            agent, newest => newest with { Standing = standing, Since = since }, () =>
                Left(agent, agent.Entry, state, message, then),
            cause =>
            {
                agent.IsLeaving = false;
                allocations.MarkDirty(agent);
                refused(cause);
            });
    }

    private void Left(Agent agent, AgentEntry entry, TaskState state, string message, Action then)
    {
        var reason = entry.Standing == AgentStanding.Gone && state == TaskState.GoneByOperator
            ? StatusReason.AgentRemovedByOperator : StatusReason.AgentRemoved;
        foreach (var key in agent.Tasks.ToList())
        {
            var framework = frameworks.Known[key.Framework];
            var task = framework.Tasks[key.Task];
            if (!task.State.IsTerminal()) task = tasks.EndByMaster(framework, task, state, reason, message, entry.Since);
            tasks.Complete(framework, task);
        }

        foreach (var (key, executor) in agent.Executors.ToList()) tasks.FreeExecutor(agent, key, executor);
        if (entry.Standing == AgentStanding.Unreachable) services.Metrics.Mesos.Inc(MasterCount.SlaveUnreachableCompleted);
        services.Metrics.Mesos.Removed(entry.Standing == AgentStanding.Unreachable ? "unhealthy" : "unregistered");
        ledger.Close(agent.Id);
        agents.Remove(agent);
        agents.AddAbsent(agent.Id, entry);
        if (entry.Standing == AgentStanding.Gone)
            services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.Shutdown, Reason = message });
        connections.Disconnect(agent);

        foreach (var framework in frameworks.Known.Values)
        {
            framework.ForgetRefusals(agent.Id);
            services.Effects.Send(framework,
                new SchedulerEvent { Type = EventType.Failure, Failure = new FailureEvent(agent.Id) });
        }

        events.AgentRemoved(agent.Id);
        then();
    }

    /// <summary>Agents that have not returned to this master in time are unreachable.</summary>
    public void GiveUpRecoveringAgents()
    {
        foreach (var absent in agents.Absent.Values.Where(agent => agent.IsRecovering && !agent.IsGivenUp
            && !agents.IsAdmitting(agent.Id)).ToList())
        {
            if (!TryRemovePermit())
            {
                services.Loop.After(services.Options.AgentPingInterval, GiveUpRecoveringAgents);
                return;
            }

            services.Log.LogWarning("Agent {Agent} at {Host} has not returned", absent.Id.Value, absent.Entry.Info.Hostname);
            var entry = absent.Entry with { Standing = AgentStanding.Unreachable, Since = services.Now };
            if (absent.Entry.IsUnreadable)
            {
                // The record stays as it is: who reads it next waits for the agent anew.
                absent.Entry = entry;
                continue;
            }

            absent.IsGivenUp = true;
            agents.Store(
                entry,
                () =>
                {
                    absent.Entry = entry;
                    services.Metrics.Mesos.Inc(MasterCount.RecoverySlaveRemovals);
                    foreach (var framework in frameworks.Known.Values)
                        services.Effects.Send(framework, new SchedulerEvent
                        {
                            Type = EventType.Failure,
                            Failure = new FailureEvent(absent.Id)
                        });
                },
                _ =>
                {
                    absent.IsGivenUp = false;
                    services.Loop.After(ClusterServices.StoreRetry, GiveUpRecoveringAgents);
                });
        }
    }

    /// <summary>MARK_AGENT_GONE: it never returns, and neither do its tasks.</summary>
    public Task<OperatorResult> MarkGone(AgentId id)
    {
        const string Message = "The agent was marked as gone by an operator";
        if (agents.Registered.TryGetValue(id, out var agent))
        {
            if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {id.Value} is being removed");
            var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            Leave(
                agent, AgentStanding.Gone, TaskState.GoneByOperator, Message, () => done.SetResult(OperatorResult.Done),
                cause =>
                {
                    connections.SendPings(agent);
                    done.SetResult(OperatorResult.Unavailable(cause));
                });
            return done.Task;
        }

        if (!agents.Absent.TryGetValue(id, out var absent)) return OperatorResult.NotFound(id);
        if (absent.IsGivenUp || agents.IsAdmitting(id))
            return OperatorResult.Conflict($"Agent {id.Value} is being removed, or returns");
        var gone = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entry = absent.Entry with { Standing = AgentStanding.Gone, Since = services.Now };
        absent.IsGivenUp = true;
        agents.Store(entry, MarkedGone, cause =>
        {
            absent.IsGivenUp = false;
            gone.SetResult(OperatorResult.Unavailable(cause));
        });
        return gone.Task;

        void MarkedGone()
        {
            absent.IsGivenUp = false;
            absent.Entry = entry;
            foreach (var framework in frameworks.Known.Values) tasks.EndUnreachable(framework, id, Message);
            gone.SetResult(OperatorResult.Done);
        }
    }

    private bool TryRemovePermit() => _removals?.TryTake(services.Time.GetElapsedTime(0)) ?? true;
}
