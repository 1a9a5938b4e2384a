using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// Ends what runs on an agent that drains, within the grace period of its draining. The framework of a running task that has the
/// label <c>lcm.drain</c> is told first, by the task's unchanged state with the reason <c>REASON_AGENT_DRAINING</c>, and has that
/// time to take it out of service and to kill it itself; a grace period of the operator's shortens that too.
/// </summary>
internal sealed class AgentDraining(ClusterServices services, AgentTable agents, FrameworkTable frameworks, ClusterTasks tasks)
{
    // Beyond the time itself: the framework's kill comes first, unless it is away.
    private static readonly TimeSpan ForTheFramework = TimeSpan.FromSeconds(5);

    /// <summary>Ends all tasks of an agent.</summary>
    public void End(Agent agent)
    {
        foreach (var key in agent.Tasks.ToList())
        {
            var framework = frameworks.Known[key.Framework];
            var task = framework.Tasks[key.Task];
            if (task.State.IsTerminal()) continue;
            if (TimeOf(agent, task) is not { } time)
            {
                Kill(agent, framework, task);
                continue;
            }

            ClusterTasks.SendUpdate(framework, tasks.Latest(task) with
            {
                Reason = StatusReason.AgentDraining,
                Message = "the agent drains, and the task is about to be killed",
            });
            services.Loop.After(time, () => KillLeft(agent, key));
        }
    }

    /// <summary>How long a task runs on that may be at work; null where it is ended at once.</summary>
    private static TimeSpan? TimeOf(Agent agent, ClusterTask task)
    {
        var label = task.Info.Labels?.Items?.FirstOrDefault(label => label.Key == DrainLabel.Name)?.Value;
        if (label is null || task.State != TaskState.Running || task.Kill is not null
            || !DurationText.TryParseSeconds(label, out var time) || time == TimeSpan.Zero || time > DrainLabel.Max) return null;
        time += ForTheFramework;
        if (agent.Entry.Drain?.MaxGracePeriodSeconds is { } most && LongDurations.FromSeconds(most) < time)
            time = LongDurations.FromSeconds(most);
        return time > TimeSpan.Zero ? time : null;
    }

    private void KillLeft(Agent agent, (FrameworkId Framework, TaskId Task) key)
    {
        // Of an agent that has registered again, or has been reactivated, nothing is left to do here.
        if (agents.Registered.GetValueOrDefault(agent.Id) != agent || agent.Entry.Drain is null
            || !agent.Tasks.Contains(key)) return;
        var framework = frameworks.Known[key.Framework];
        var task = framework.Tasks[key.Task];
        if (!task.State.IsTerminal() && task.Kill is null) Kill(agent, framework, task);
    }

    private void Kill(Agent agent, Framework framework, ClusterTask task)
    {
        var kill = new KillEvent(framework.Id, task.Id, Grace(task, agent.Entry.Drain?.MaxGracePeriodSeconds));
        services.Changes.Advance();
        framework.Tasks[task.Id] = task with { Kill = kill };
        tasks.SendKill(agent, kill);
    }

    // The operator's period shortens a task's own and never lengthens it.
    private static KillPolicy? Grace(ClusterTask task, double? most)
    {
        var own = task.Kill?.KillPolicy ?? task.Info.KillPolicy;
        if (most is not { } seconds) return own;
        var limit = DurationInfo.From(LongDurations.FromSeconds(seconds));
        return own?.GracePeriod is { } period && period.Nanoseconds <= limit.Nanoseconds
            ? own : new KillPolicy { GracePeriod = limit };
    }
}
