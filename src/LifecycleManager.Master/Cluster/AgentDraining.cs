using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// Ends what runs on an agent that drains, within the grace period of its draining. The framework of a running task that has the
/// label <c>lcm.drain</c> is told first, by the task's unchanged state with the reason <c>REASON_AGENT_DRAINING</c>, and has that
/// time to take it out of service and to kill it itself; a grace period of the operator's shortens that too. The tasks of a group
/// live and end together: the longest time of one of them is that of all.
/// </summary>
internal sealed class AgentDraining(ClusterServices services, AgentTable agents, FrameworkTable frameworks, ClusterTasks tasks)
{
    // Beyond the time itself: the framework's kill comes first, unless it is away.
    private static readonly TimeSpan ForTheFramework = TimeSpan.FromSeconds(5);

    /// <summary>Ends all tasks of an agent.</summary>
    public void End(Agent agent)
    {
        var live = agent.Tasks.Select(key => frameworks.Known[key.Framework].Tasks[key.Task])
            .Where(task => !task.State.IsTerminal()).GroupBy(UnitOf).ToList();
        foreach (var unit in live)
        {
            var time = unit.Max(task => TimeOf(agent, task));
            foreach (var task in unit) End(agent, task, time);
        }
    }

    // What ends together: the tasks of a default executor, which runs groups, or one task.
    private static (FrameworkId Framework, string Kind, string Id) UnitOf(ClusterTask task) =>
        task is { Info.Executor.Type: "DEFAULT", Executor: { } executor }
            ? (task.FrameworkId, "executor", executor.Value) : (task.FrameworkId, "task", task.Id.Value);

    private void End(Agent agent, ClusterTask task, TimeSpan? time)
    {
        var framework = frameworks.Known[task.FrameworkId];
        if (time is not { } left || task.Kill is not null)
        {
            Kill(agent, framework, task);
            return;
        }

        tasks.SendUpdate(framework, tasks.Latest(task) with
        {
            Reason = StatusReason.AgentDraining,
            Message = "the agent drains, and the task is about to be killed",
        });
        services.Loop.After(left, () => KillLeft(agent, (task.FrameworkId, task.Id)));
    }

    /// <summary>How long a task runs on that may be at work; null where it is ended at once.</summary>
    private static TimeSpan? TimeOf(Agent agent, ClusterTask task)
    {
        var label = task.Info.Labels?.Items?.FirstOrDefault(label => label.Key == DrainLabel.Name)?.Value;
        if (task.State != TaskState.Running || task.Kill is not null || !DrainLabel.TryParse(label, out var time)
            || time == TimeSpan.Zero) return null;
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
