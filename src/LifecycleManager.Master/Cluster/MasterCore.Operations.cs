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
        if (agent.Entry.Drain is not null) return OperatorResult.Conflict($"Agent {id.Value} is draining");
        return Change(agent, agent.Entry with { Deactivated = true });
    }

    /// <summary>REACTIVATE_AGENT: of an agent that was deactivated or has drained.</summary>
    public Task<OperatorResult> Reactivate(AgentId id)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        if (agent.Entry is { Drain: { Drained: false } }) return OperatorResult.Conflict($"Agent {id.Value} is still draining");
        return Change(agent, agent.Entry with { Deactivated = false, Drain = null });
    }

    /// <summary>DRAIN_AGENT: no more offers of it, and its tasks are ended.</summary>
    public Task<OperatorResult> Drain(AgentId id, TimeSpan? maxGracePeriod, bool markGone)
    {
        if (!_agents.TryGetValue(id, out var agent)) return OperatorResult.NotFound(id);
        _log.LogInformation("Agent {Agent} at {Host} drains", id.Value, agent.Info.Hostname);
        return Change(agent, agent.Entry with { Deactivated = true, Drain = new DrainEntry(maxGracePeriod?.TotalSeconds, markGone) }, () =>
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
            Leave(agent, agent.Entry with { Standing = AgentStanding.Gone, Since = Now }, TaskState.GoneByOperator, Message, () => done.SetResult(OperatorResult.Done));
            return done.Task;
        }

        if (!_absent.TryGetValue(id, out var absent)) return OperatorResult.NotFound(id);
        var gone = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entry = absent.Entry with { Standing = AgentStanding.Gone, Since = Now };
        absent.Entry = entry;
        Store(entry, () =>
        {
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
        });
        return gone.Task;
    }

    /// <summary>TEARDOWN of a framework.</summary>
    public Task<OperatorResult> Teardown(FrameworkId id)
    {
        if (!_frameworks.TryGetValue(id, out var framework) || framework.UnregisteredAt is not null)
        {
            return Task.FromResult(new OperatorResult(404, $"No framework found with ID {id.Value}"));
        }

        Remove(framework, "an operator tore it down");
        return Task.FromResult(OperatorResult.Done);
    }

    private Task<OperatorResult> Change(Agent agent, AgentEntry entry, Action? then = null)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        agent.Entry = entry;
        if (!agent.IsActive) RescindAll(agent);
        Store(entry, () =>
        {
            then?.Invoke();
            MarkDirty(agent);
            done.SetResult(OperatorResult.Done);
        });
        return done.Task;
    }

    private void KillAll(Agent agent)
    {
        foreach (var key in agent.Tasks.ToList())
        {
            var framework = _frameworks[key.Framework];
            var task = framework.Tasks[key.Task];
            if (task.State.IsTerminal()) continue;
            var kill = new KillEvent(framework.Id, task.Id, Grace(task, agent.Entry.Drain?.MaxGracePeriodSeconds));
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
        if (agent.IsLeaving || agent.Tasks.Count > 0 || agent.Entry.Drain is not { Drained: false } drain) return;
        _log.LogInformation("Agent {Agent} at {Host} has drained", agent.Id.Value, agent.Info.Hostname);
        agent.Entry = agent.Entry with { Drain = drain with { Drained = true } };
        Store(agent.Entry, () =>
        {
            if (drain.MarkGone && _agents.ContainsKey(agent.Id)) _ = MarkGone(agent.Id);
        });
    }

    private bool TryRemovePermit() => _removals?.TryTake(Now) ?? true;
}

/// <summary>How an operator's call ended.</summary>
internal sealed record OperatorResult(int Status, string? Text = null)
{
    public static readonly OperatorResult Done = new(200);

    public static Task<OperatorResult> NotFound(AgentId id) => Task.FromResult(new OperatorResult(404, $"Agent {id.Value} is unknown"));

    public static Task<OperatorResult> Conflict(string text) => Task.FromResult(new OperatorResult(409, text));

    public static Task<OperatorResult> Invalid(string text) => Task.FromResult(new OperatorResult(400, text));
}
