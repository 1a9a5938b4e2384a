using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>What operators do to agents. Each completes when it is durable.</content>
internal sealed partial class MasterCore
{
    private readonly RateLimiter? _removals;

    /// <summary>DEACTIVATE_AGENT: no more offers of it; its tasks run on.</summary>
    public Task<OperatorResult> Deactivate(AgentId id)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest.Drain is not null) return OperatorResult.Conflict($"Agent {id.Value} is draining");
        return Operate(agent, newest => newest with { Deactivated = true });
    }

    /// <summary>REACTIVATE_AGENT: of an agent that was deactivated or has drained.</summary>
    public Task<OperatorResult> Reactivate(AgentId id)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Newest is { Drain: { Drained: false } }) return OperatorResult.Conflict($"Agent {id.Value} is still draining");
        return Operate(agent, newest => newest with { Deactivated = false, Drain = null });
    }

    /// <summary>DRAIN_AGENT: no more offers of it, and its tasks are ended.</summary>
    public Task<OperatorResult> Drain(AgentId id, TimeSpan? maxGracePeriod, bool markGone)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        _log.LogInformation("Agent {Agent} at {Host} drains", id.Value, agent.Info.Hostname);
        return Operate(agent, newest => newest with { Deactivated = true, Drain = new DrainEntry(maxGracePeriod?.TotalSeconds, markGone) }, () =>
        {
            KillAll(agent);
            CheckDrained(agent);
        });
    }

    /// <summary>MARK_AGENT_GONE: it never returns, and neither do its tasks.</summary>
    public Task<OperatorResult> MarkGone(AgentId id)
    {
        const string Message = "The agent was marked as gone by an operator";
        if (_agents.TryGetValue(id, out var agent))
        {
            if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {id.Value} is being removed");
            var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            Leave(
                agent, AgentStanding.Gone, TaskState.GoneByOperator, Message, () => done.SetResult(OperatorResult.Done),
                cause =>
                {
                    ArmPing(agent);
                    done.SetResult(OperatorResult.Unavailable(cause));
                });
            return done.Task;
        }

        if (!_absent.TryGetValue(id, out var absent)) return OperatorResult.NotFound(id);
        if (absent.IsGivenUp || _admitting.ContainsKey(id)) return OperatorResult.Conflict($"Agent {id.Value} is being removed, or returns");
        var gone = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entry = absent.Entry with { Standing = AgentStanding.Gone, Since = Now };
        absent.IsGivenUp = true;
        Store(entry, MarkedGone, cause =>
        {
            absent.IsGivenUp = false;
            gone.SetResult(OperatorResult.Unavailable(cause));
        });
        return gone.Task;

        void MarkedGone()
        {
            absent.IsGivenUp = false;
            absent.Entry = entry;
            foreach (var framework in _frameworks.Values)
            {
                foreach (var task in framework.Unreachable.Values.Where(task => task.AgentId == id).ToList())
                {
                    var status = ForCapabilities(
                        framework, MasterStatus(task.Id, id, TaskState.GoneByOperator, StatusReason.AgentRemovedByOperator, Message));
                    framework.Unreachable.Remove(task.Id);
                    framework.Completed.Put(task.Id, task.With(status.State, status) with { SentState = status.State, SentUuid = null }, _options.MaxCompletedTasks);
                    SendUpdate(framework, status);
                }
            }

            gone.SetResult(OperatorResult.Done);
        }
    }

    /// <summary>TEARDOWN of a framework.</summary>
    public Task<OperatorResult> Teardown(FrameworkId id)
    {
        if (!_frameworks.TryGetValue(id, out var framework) || framework.UnregisteredAt is not null)
        {
            return Task.FromResult(new OperatorResult(404, $"No framework found with ID {id.Value}"));
        }

        return Remove(framework, "an operator tore it down");
    }

    private Task<OperatorResult> Operate(Agent agent, Func<AgentEntry, AgentEntry> change, Action? then = null)
    {
        if (agent.IsLeaving) return OperatorResult.Conflict($"Agent {agent.Id.Value} is being removed");
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Change(
            agent, change,
            () =>
            {
                if (!agent.IsActive) RescindAll(agent);
                then?.Invoke();
                MarkDirty(agent);
                done.SetResult(OperatorResult.Done);
            },
            cause => done.SetResult(OperatorResult.Unavailable(cause)));
        return done.Task;
    }

    // What waits is stored all or, where the store refuses it, not at all.
    private void Change(Agent agent, Func<AgentEntry, AgentEntry> change, Action durable, Action<string> refused)
    {
        _changes.Advance();
        var entry = agent.Newest = change(agent.Newest);
        Store(
            entry,
            () =>
            {
                agent.Entry = entry;
                durable();
            },
            cause =>
            {
                agent.Newest = agent.Entry;
                refused(cause);
            });
    }

    private void KillAll(Agent agent)
    {
        foreach (var key in agent.Tasks.ToList())
        {
            var framework = _frameworks[key.Framework];
            var task = framework.Tasks[key.Task];
            if (task.State.IsTerminal()) continue;
            var kill = new KillEvent(framework.Id, task.Id, Grace(task, agent.Entry.Drain?.MaxGracePeriodSeconds));
            _changes.Advance();
            framework.Tasks[task.Id] = task with { Kill = kill };
            SendKill(agent, kill);
        }
    }

    // The operator's period shortens a task's own and never lengthens it.
    private static KillPolicy? Grace(TaskRecord task, double? most)
    {
        var own = task.Kill?.KillPolicy ?? task.Info.KillPolicy;
        if (most is not { } seconds) return own;
        var limit = DurationInfo.From(LongDurations.FromSeconds(seconds));
        return own?.GracePeriod is { } period && period.Nanoseconds <= limit.Nanoseconds ? own : new KillPolicy { GracePeriod = limit };
    }

    private void CheckDrained(Agent agent)
    {
        if (agent.IsLeaving || agent.Tasks.Count > 0 || agent.Entry.Drain is null || agent.Newest.Drain is not { Drained: false } drain) return;
        Change(
            agent, newest => newest with { Drain = drain with { Drained = true } },
            () =>
            {
                _log.LogInformation("Agent {Agent} at {Host} has drained", agent.Id.Value, agent.Info.Hostname);
                if (drain.MarkGone && _agents.ContainsKey(agent.Id)) _ = MarkGone(agent.Id);
            },
            _ => _loop.After(StoreRetry, () =>
            {
                if (_agents.GetValueOrDefault(agent.Id) == agent) CheckDrained(agent);
            }));
    }

    private bool TryRemovePermit() => _removals?.TryTake(_time.GetElapsedTime(0)) ?? true;
}

/// <summary>How an operator's call ended.</summary>
internal sealed record OperatorResult(int Status, string? Text = null)
{
    public static readonly OperatorResult Done = new(200);

    public static OperatorResult Unavailable(string cause) => new(503, cause);

    public static Task<OperatorResult> NotFound(AgentId id) => Task.FromResult(new OperatorResult(404, $"Agent {id.Value} is unknown"));

    public static Task<OperatorResult> Conflict(string text) => Task.FromResult(new OperatorResult(409, text));

    public static Task<OperatorResult> Invalid(string text) => Task.FromResult(new OperatorResult(400, text));
}
