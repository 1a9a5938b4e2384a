using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Compares the tasks that an agent brings with those that the master knows of it.</summary>
internal sealed class TaskAdoption(
    ClusterServices services, Ledger ledger, FrameworkTable frameworks, FrameworkSubscriptions subscriptions, ClusterTasks tasks,
    AgentDraining draining, OperatorEvents events)
{
    /// <summary>What the agent runs is true; what the master believed beyond that never reached it or is gone.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="call">Its registration.</param>
    /// <param name="wasUnreachable">Whether frameworks were told that it is out of reach.</param>
    public void Take(Agent agent, RegisterCall call, bool wasUnreachable)
    {
        var reported = new HashSet<(FrameworkId, TaskId)>();
        var unwanted = new HashSet<FrameworkId>();
        foreach (var task in call.Tasks ?? [])
        {
            var framework = subscriptions.FrameworkOfAgentsTask(task.FrameworkId, call);
            if (framework is null || framework.UnregisteredAt is not null)
            {
                unwanted.Add(task.FrameworkId);
                if (framework is null) continue;
            }

            if (framework.Tasks.TryGetValue(task.Task.TaskId, out var known) && known.AgentId != agent.Id)
            {
                services.Log.LogWarning(
                    "Task {Task} runs on agent {Other} already; the one on {Agent} is ended",
                    task.Task.TaskId.Value, known.AgentId.Value, agent.Id.Value);
                tasks.SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            if (known is null && !task.Status.State.IsTerminal() && ClusterTasks.IsEndedByMaster(framework, task.Task.TaskId))
            {
                tasks.SendKill(agent, new KillEvent(framework.Id, task.Task.TaskId));
                continue;
            }

            reported.Add((framework.Id, task.Task.TaskId));
            if (known is null) AddFoundTask(agent, framework, task, wasUnreachable);
            else if (!known.State.IsTerminal()) tasks.SetState(known.With(task.Status.State, task.Status), known);
        }

        foreach (var key in agent.Tasks.Where(key => !reported.Contains(key)).ToList())
        {
            var framework = frameworks.Known[key.Framework];
            var task = framework.Tasks[key.Task];
            var state = task.State.IsTerminal() ? task.State : task.State == TaskState.Staging
                ? TaskState.Dropped : TaskState.Gone;
            if (!task.State.IsTerminal())
            {
                task = tasks.EndByMaster(framework, task, state, StatusReason.Reconciliation,
                    "The task is unknown to its agent");
            }

            tasks.Complete(framework, task);
        }

        foreach (var id in unwanted)
        {
            services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = id });
        }

        foreach (var key in agent.Tasks)
        {
            var task = frameworks.Known[key.Framework].Tasks[key.Task];
            if (task.Kill is { } kill && !task.State.IsTerminal()) tasks.SendKill(agent, kill);
        }

        if (agent.Entry.Drain is not null) draining.End(agent);
    }

    private void AddFoundTask(Agent agent, Framework framework, AgentTask found, bool wasUnreachable)
    {
        ResourceSet resources;
        try
        {
            resources = ResourceWire.Parse(found.Task.Resources);
        }
        catch (ResourceException problem)
        {
            services.Log.LogWarning("Task {Task} of agent {Agent}: {Problem}", found.Task.TaskId.Value, agent.Id.Value,
                problem.Message);
            resources = ResourceSet.Empty;
        }

        var role = found.Task.Resources.FirstOrDefault(resource => resource.AllocationInfo?.Role is not null)
            ?.AllocationInfo!.Role
            ?? (framework.Roles.Count > 0 ? framework.Roles[0] : Roles.Default);
        var task = new ClusterTask
        {
            Info = found.Task,
            FrameworkId = framework.Id,
            AgentId = agent.Id,
            Role = role,
            Resources = resources,
            Executor = found.Task.Executor?.ExecutorId,
            Kill = framework.PendingKills.TryGet(found.Task.TaskId, out var kill) ? kill : null,
        }.With(found.Status.State, found.Status with { AgentId = agent.Id });
        framework.PendingKills.Remove(task.Id);
        services.Changes.Advance();
        ClusterTasks.AddFound(framework, agent, task);
        if (task.State.IsTerminal()) return;
        events.TaskAdded(task);

        // Who was told that it is out of reach is told that it is back, as Mesos tells it.
        if (wasUnreachable && framework.IsPartitionAware)
            tasks.SendUpdate(framework, tasks.Latest(task) with
            {
                Reason = StatusReason.AgentReregistered,
                Message = "Unreachable agent reregistered"
            });
        ledger.Find(agent.Id, framework.Id, role, resources);
        if (found.Task.Executor is not { } executor) return;
        TaskValidation.Resources(executor.Resources, role, out var ofExecutor);
        if (!agent.Executors.ContainsKey((framework.Id, executor.ExecutorId)))
            ledger.Find(agent.Id, framework.Id, role, ofExecutor);
        ClusterTasks.JoinExecutor(agent, task, executor, ofExecutor);
    }
}
