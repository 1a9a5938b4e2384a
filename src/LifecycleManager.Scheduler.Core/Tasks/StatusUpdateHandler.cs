using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>The states of tasks as the master tells them.</summary>
internal sealed class StatusUpdateHandler(
    CoreContext context, AppCatalog catalog, SetAside aside, MasterSubscription connection, Reconciliation reconciliation,
    InstanceTracker tracker, HealthTracker health)
{
    public void Apply(TaskStatusInfo status, ClockReading now)
    {
        var taskId = status.TaskId.Value;
        reconciliation.Answered(taskId);
        var state = InstanceStates.From(status.State);
        if (aside.HoldsTask(taskId)) ApplySetAside(taskId, state);
        else if (tracker.Find(taskId) is not var (entry, instance, container)) ApplyUnknown(status, state, now);
        else if (container is not null) ApplyToPod(entry, instance, container, state, status, now);
        else if (state.IsTerminal()) ApplyTerminal(entry, instance, state, status, now);
        else ApplyLive(entry, instance, state, status, now);

        // Sent only once everything above is durable.
        if (status is { Uuid: { Length: > 0 } uuid, AgentId: { } agent })
            connection.Call(new SchedulerCall
            {
                Type = CallType.Acknowledge,
                Acknowledge = new AcknowledgeCall(agent, status.TaskId, uuid)
            });
    }

    /// <summary>News of one of a pod's tasks: what it makes of the instance is the instance's news.</summary>
    private void ApplyToPod(AppEntry entry, Instance before, string container, InstanceState state, TaskStatusInfo status,
        ClockReading now)
    {
        var healthy = status.Healthy;
        if (before.Tasks.FirstOrDefault(task => task.Name == container) is { } told)
            state = NotBackwards(state, told.State, before.StartedAt is not null || told.State == InstanceState.Running);
        var tasks = before.Tasks.Select(task => task.Name != container || task.State.IsTerminal() ? task : task with
        {
            State = state,
            Since = task.State == state ? task.Since : now.Wall,
            Healthy = healthy ?? task.Healthy,
            HealthySince = healthy is null || healthy == task.Healthy ? task.HealthySince : now.Wall,
            ContainerId = status.ContainerStatus?.ContainerId?.Value ?? task.ContainerId,
            Message = status.Message ?? task.Message,
        }).ToList();
        var whole = PodTasks.StateOf(tasks);
        if (whole.IsTerminal())
        {
            var end = PodTasks.TellingEnd(tasks);
            ApplyTerminal(entry, before with { Tasks = tasks }, whole, status with
            {
                State = PodTasks.MesosState(whole),
                Message = end.Message is { Length: > 0 } said
                    ? $"{end.Name}: {said}" : end.Name,
            }, now);
            return;
        }

        var definition = entry.DefinitionOf(before.Version);
        var @checked = (definition?.Containers ?? []).Where(one => one.App.HealthChecks.Count > 0).Select(one => one.Name)
            .ToHashSet();
        ApplyLive(entry, before, whole, status with { Healthy = PodTasks.HealthOf(tasks, @checked) }, now, tasks);
    }

    /// <summary>News of a task of an app that is set aside: it runs on, and is forgotten once it has ended.</summary>
    private void ApplySetAside(string taskId, InstanceState state)
    {
        if (!state.IsTerminal()) return;
        aside.Forget(taskId);
        context.Effects.Delete(SchedulerKeys.Instance(taskId));
    }

    /// <summary>A task that is not known: an instance that was given up and came back, or one of a life before.</summary>
    private void ApplyUnknown(TaskStatusInfo status, InstanceState state, ClockReading now)
    {
        // One of a pod that is set aside.
        if (TaskIds.OfPod(status.TaskId.Value) is var (pod, _) && aside.HoldsTask(pod)) return;
        if (state.IsTerminal())
        {
            context.Publish(EventMessages.UnknownInstanceTerminated(now.Wall, status.TaskId.Value, state));
            return;
        }

        if (state.IsUnreachable() || state == InstanceState.Killing) return;
        connection.Call(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(status.TaskId, status.AgentId) });
    }

    private void ApplyLive(
        AppEntry entry, Instance before, InstanceState state, TaskStatusInfo status, ClockReading now,
        IReadOnlyList<PodTask>? tasks =
            null)
    {
        if (state == InstanceState.Unreachable && before.State == InstanceState.UnreachableInactive) state = before.State;
        state = NotBackwards(state, before.State, before.StartedAt is not null);
        var after = before with
        {
            State = state,
            AgentId = before.AgentId.Length == 0 ? status.AgentId?.Value ?? "" : before.AgentId,
            Host = before.Host.Length == 0 ? HostOf(status.AgentId) : before.Host,
            Since = state == before.State ? before.Since : now.Wall,
            StartedAt = before.StartedAt ?? (state == InstanceState.Running ? now.Wall : null),
            StartedClock = before.StartedClock ?? (state == InstanceState.Running ? now.Clock : null),

            // From when this scheduler learns of it: since when the master knows is by the master's clock.
            UnreachableSince = state.IsUnreachable() ? before.UnreachableSince ?? now.Wall : null,
            UnreachableClock = state.IsUnreachable() ? before.UnreachableClock ?? now.Clock : null,
            Addresses = Addresses(status) ?? before.Addresses,

            // One that nobody reaches has nothing to finish.
            Drain = state.IsUnreachable() ? before.Drain?.Over : before.Drain,
            ContainerId = status.ContainerStatus?.ContainerId?.Value ?? before.ContainerId,
            AgentHealthy = status.Healthy ?? before.AgentHealthy,
            Tasks = tasks ?? before.Tasks,
        };
        var definition = entry.DefinitionOf(before.Version);
        if (status.Healthy is { } healthy) after = HealthTracker.ApplyAgentVerdict(after, definition, healthy, now.Wall);
        if (after is { HasPassed: false, Healthy: true }) after = after with { HasPassed = true };
        if (!Same(before, after)) tracker.Put(entry, after);
        if (!ReferenceEquals(before.Health, after.Health)) tracker.Put(entry, after, store: false);
        if (state != before.State)
        {
            context.Publish(EventMessages.StatusUpdate(now.Wall, after, after.ShownState.MesosName(), status.Message ?? ""));
            context.Publish(EventMessages.InstanceChanged(now.Wall, after));
        }

        health.Announce(before, after, now);
        if (state == InstanceState.Running && (before.State != InstanceState.Running
            || !before.Addresses.SequenceEqual(after.Addresses)))
            health.Watch(after, definition);
        else if (state != InstanceState.Running && before.State == InstanceState.Running)
            context.Effects.Watches.Add(new WatchOrder(after.TaskId, null, null));

        // It was to end, and came back from where it could not be told.
        if (after.Goal == InstanceGoal.Ended && before.State.IsUnreachable() && !state.IsUnreachable())
            tracker.SendKill(after, now);

        // The master is about to end it: what serves is drained first, and what replaces it need not wait for its end.
        else if (status.Reason == StatusReason.AgentDraining && after.Goal == InstanceGoal.Running)
            tracker.End(entry, after, now);
    }

    /// <summary>
    /// What has run does not come up again. Updates are told at least once: an agent that lost an acknowledgement, or a line of
    /// its record, tells anew what was long ago, and whoever took it for news would give the launch up as overdue.
    /// </summary>
    private static InstanceState NotBackwards(InstanceState state, InstanceState before, bool hasRun) =>
        !hasRun || !state.IsComingUp() ? state : before is InstanceState.Killing ? before : InstanceState.Running;

    private void ApplyTerminal(AppEntry entry, Instance before, InstanceState state, TaskStatusInfo status, ClockReading now)
    {
        var after = before with { State = state, Since = now.Wall };
        tracker.Forget(entry, before.TaskId);
        context.Publish(EventMessages.StatusUpdate(now.Wall, after, MesosNameOf(status.State), status.Message ?? ""));
        context.Publish(EventMessages.InstanceChanged(now.Wall, after));
        if (before.Goal == InstanceGoal.Running || before.Returns) InstanceTracker.Return(entry, before);
        if (before.Goal == InstanceGoal.Ended) return;

        // Nobody wanted its end.
        if (state is InstanceState.Killed or InstanceState.Unknown) return;
        var failure = new InstanceFailure(
            after.TaskId, after.Host, after.AgentId, MesosNameOf(status.State), status.Message ?? "", now.Wall, after.Version);
        tracker.Fail(entry, before, failure, state.IsFailure() && !IsInfrastructureFailure(status.Reason), now);
    }

    /// <summary>The end says nothing about the app: its agent, the master or an offer was the cause.</summary>
    private static bool IsInfrastructureFailure(StatusReason? reason) =>
        reason is StatusReason.InvalidOffers or StatusReason.AgentRemoved
        or StatusReason.AgentRemovedByOperator or StatusReason.AgentDisconnected or StatusReason.AgentUnknown
        or StatusReason.AgentRestarted
        or StatusReason.AgentDraining or StatusReason.MasterDisconnected or StatusReason.Reconciliation
        or StatusReason.ContainerPreempted;

    /// <summary>An agent's host, as other instances know it; empty where none does.</summary>
    private string HostOf(AgentId? agent) => catalog.Apps.Values.SelectMany(entry => entry.Instances.Values)
        .FirstOrDefault(instance => instance.AgentId == agent?.Value && instance.Host.Length > 0)?.Host ?? "";

    private static bool Same(Instance before, Instance after) =>
        before.AgentId == after.AgentId && before.Host == after.Host && before.State == after.State
        && before.StartedAt == after.StartedAt && before.UnreachableSince == after.UnreachableSince
        && before.ContainerId == after.ContainerId && before.AgentHealthy == after.AgentHealthy
        && before.HasPassed == after.HasPassed
        && before.Addresses.SequenceEqual(after.Addresses) && before.Tasks.SequenceEqual(after.Tasks);

    private static List<InstanceAddress>? Addresses(TaskStatusInfo status)
    {
        var addresses = status.ContainerStatus?.NetworkInfos?
            .SelectMany(network => network.IpAddresses ?? [])
            .Where(address => address.Address is not null)
            .Select(address => new InstanceAddress(address.Address!, address.Protocol ?? "IPv4"))
            .ToList();
        return addresses is { Count: > 0 } ? addresses : null;
    }

    private static string MesosNameOf(TaskState state) => state switch
    {
        TaskState.GoneByOperator => "TASK_GONE_BY_OPERATOR",
        _ => "TASK_" + state.ToString().ToUpperInvariant(),
    };
}
