using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Mesos;

namespace LifecycleManager.Scheduler.State.Core;

// The conversation with the master: subscription, reconciliation, status updates, kills.
internal sealed partial class SchedulerCore
{
    private const int ReconcileChunk = 1_000;
    private static readonly TimeSpan FirstReconcileRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestReconcileRetry = TimeSpan.FromMinutes(2);

    private readonly HashSet<string> _unreconciled = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _killSentAt = new(StringComparer.Ordinal);
    private TimeSpan _nextReconciliation;
    private TimeSpan _reconcileRetryAt = TimeSpan.MaxValue;
    private TimeSpan _reconcileRetry;

    private bool IsConnected => Master is not null;

    private void Subscribed(MasterSubscribed subscribed, Moment now)
    {
        var again = _frameworkId == subscribed.FrameworkId.Value;
        Session = subscribed.Session;
        Master = subscribed.Master;
        if (!again)
        {
            _frameworkId = subscribed.FrameworkId.Value;
            _effects.Put(StateKeys.Framework, StateMapping.Write(new StoredFramework(_frameworkId), StateJson.Default.StoredFramework));
        }

        Publish(again
            ? EventMessages.Reregistered(now.Wall, subscribed.Master.ToString())
            : EventMessages.Registered(now.Wall, _frameworkId!, subscribed.Master.ToString()));
        _offers.Clear();
        _suppressed = false;
        _reviveWanted = false;
        _killSentAt.Clear();
        foreach (var (taskId, entry) in _appOf) Schedule(entry, entry.Instances[taskId]);
        Reconcile(now);
    }

    private void Lost(MasterLost lost, Moment now)
    {
        if (lost.Session != Session) return;
        Master = null;
        foreach (var (taskId, entry) in _appOf) Schedule(entry, entry.Instances[taskId]);
        _offers.Clear();
        _unreconciled.Clear();
        _reconcileRetryAt = TimeSpan.MaxValue;
        Publish(EventMessages.Disconnected(now.Wall));
    }

    /// <summary>Asks for every known task by name, then for whatever else the master knows of us.</summary>
    private void Reconcile(Moment now)
    {
        _unreconciled.Clear();
        _unreconciled.UnionWith(_appOf.SelectMany(of => PodTasks.LiveIds(of.Value.Instances[of.Key])));
        _reconcileRetry = FirstReconcileRetry;
        _nextReconciliation = now.Clock + _options.ReconciliationInterval;
        AskForStates(now);
        Call(new SchedulerCall { Type = CallType.Reconcile, Reconcile = new ReconcileCall([]) });
    }

    private void AskForStates(Moment now)
    {
        _reconcileRetryAt = _unreconciled.Count == 0 ? TimeSpan.MaxValue : now.Clock + _reconcileRetry;
        _reconcileRetry = _reconcileRetry * 2 > LongestReconcileRetry ? LongestReconcileRetry : _reconcileRetry * 2;
        foreach (var chunk in _unreconciled.Chunk(ReconcileChunk))
        {
            Call(new SchedulerCall
            {
                Type = CallType.Reconcile,
                Reconcile = new ReconcileCall([.. chunk.Select(task =>
                    new ReconcileCall.Task(new TaskId(task), AgentOf(Find(task)!.Value.Instance)))]),
            });
        }
    }

    private void FromMaster(SchedulerEvent @event, Moment now)
    {
        switch (@event.Type)
        {
            case EventType.Offers:
                _offers.AddRange(@event.Offers?.Offers ?? []);
                break;
            case EventType.Rescind:
                _offers.RemoveAll(offer => offer.Id == @event.Rescind?.OfferId);
                break;
            case EventType.Update:
                if (@event.Update is { } update) Update(update.Status, now);
                break;
            case EventType.Message:
                if (@event.Message is { } message)
                    Publish(EventMessages.FrameworkMessage(now.Wall, message.AgentId.Value, message.ExecutorId.Value, message.Data));
                break;
            case EventType.Error:
                // A framework that was removed can never come back under its id; everything of it is gone with it.
                if (@event.Error?.Message.Contains("removed", StringComparison.OrdinalIgnoreCase) == true
                    || @event.Error?.Message.Contains("completed", StringComparison.OrdinalIgnoreCase) == true)
                {
                    _frameworkId = null;
                    _effects.Delete(StateKeys.Framework);
                }

                break;
        }
    }

    private void Update(TaskStatusInfo status, Moment now)
    {
        var taskId = status.TaskId.Value;
        _unreconciled.Remove(taskId);
        if (_unreconciled.Count == 0) _reconcileRetryAt = TimeSpan.MaxValue;
        var state = InstanceStates.From(status.State);
        if (_aside.HoldsTask(taskId)) UpdateAside(taskId, state);
        else if (Find(taskId) is not var (entry, instance, container)) Stray(status, state, now);
        else if (container is not null) OneOf(entry, instance, container, state, status, now);
        else if (state.IsTerminal()) Ended(entry, instance, state, status, now);
        else Lives(entry, instance, state, status, now);

        // Sent only once everything above is durable.
        if (status is { Uuid: { Length: > 0 } uuid, AgentId: { } agent })
            Call(new SchedulerCall { Type = CallType.Acknowledge, Acknowledge = new AcknowledgeCall(agent, status.TaskId, uuid) });
    }

    /// <summary>The instance of a task; of a pod's task, its container too. Null where neither is known.</summary>
    private (AppEntry Entry, Instance Instance, string? Container)? Find(string taskId)
    {
        if (_appOf.TryGetValue(taskId, out var entry)) return (entry, entry.Instances[taskId], null);
        return TaskIds.OfPod(taskId) is var (id, container) && _appOf.TryGetValue(id, out entry)
            && entry.Instances[id] is var instance && instance.Tasks.Any(task => task.Name == container) ? (entry, instance, container) : null;
    }

    /// <summary>News of one of a pod's tasks: what it makes of the instance is the instance's news.</summary>
    private void OneOf(AppEntry entry, Instance before, string container, InstanceState state, TaskStatusInfo status, Moment now)
    {
        var healthy = status.Healthy;
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
            Ended(entry, before with { Tasks = tasks }, whole, status with
            {
                State = PodTasks.MesosState(whole), Message = end.Message is { Length: > 0 } said ? $"{end.Name}: {said}" : end.Name,
            }, now);
            return;
        }

        var definition = entry.DefinitionOf(before.Version);
        var @checked = (definition?.Containers ?? []).Where(one => one.App.HealthChecks.Count > 0).Select(one => one.Name).ToHashSet();
        Lives(entry, before, whole, status with { Healthy = PodTasks.HealthOf(tasks, @checked) }, now, tasks);
    }

    /// <summary>News of a task of an app that is set aside: it runs on, and is forgotten once it has ended.</summary>
    private void UpdateAside(string taskId, InstanceState state)
    {
        if (!state.IsTerminal()) return;
        _aside.Forget(taskId);
        _effects.Delete(StateKeys.Instance(taskId));
    }

    /// <summary>A task that is not known: an instance that was given up and came back, or one of a life before.</summary>
    private void Stray(TaskStatusInfo status, InstanceState state, Moment now)
    {
        // One of a pod that is set aside.
        if (TaskIds.OfPod(status.TaskId.Value) is var (pod, _) && _aside.HoldsTask(pod)) return;
        if (state.IsTerminal())
        {
            Publish(EventMessages.UnknownInstanceTerminated(now.Wall, status.TaskId.Value, state));
            return;
        }

        if (state.IsUnreachable() || state == InstanceState.Killing) return;
        Call(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(status.TaskId, status.AgentId) });
    }

    private void Lives(
        AppEntry entry, Instance before, InstanceState state, TaskStatusInfo status, Moment now, IReadOnlyList<PodTask>? tasks = null)
    {
        if (state == InstanceState.Unreachable && before.State == InstanceState.UnreachableInactive) state = before.State;
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
            ContainerId = status.ContainerStatus?.ContainerId?.Value ?? before.ContainerId,
            AgentHealthy = status.Healthy ?? before.AgentHealthy,
            Tasks = tasks ?? before.Tasks,
        };
        var definition = entry.DefinitionOf(before.Version);
        if (status.Healthy is { } healthy) after = AgentHealth(after, definition, healthy, now.Wall);
        if (!Same(before, after)) Put(entry, after);
        if (!ReferenceEquals(before.Health, after.Health)) Put(entry, after, store: false);
        if (state != before.State)
        {
            Publish(EventMessages.StatusUpdate(now.Wall, after, state.MesosName(), status.Message ?? ""));
            Publish(EventMessages.InstanceChanged(now.Wall, after));
        }

        AnnounceHealth(before, after, now);
        if (state == InstanceState.Running && (before.State != InstanceState.Running || !before.Addresses.SequenceEqual(after.Addresses)))
            Watch(after, definition);
        else if (state != InstanceState.Running && before.State == InstanceState.Running)
            _effects.Watches.Add(new WatchOrder(after.TaskId, null, null));

        // It was to end, and came back from where it could not be told.
        if (after.Goal == InstanceGoal.Ended && before.State.IsUnreachable() && !state.IsUnreachable()) SendKill(after, now);
    }

    private void Ended(AppEntry entry, Instance before, InstanceState state, TaskStatusInfo status, Moment now)
    {
        var after = before with { State = state, Since = now.Wall };
        Forget(entry, before.TaskId);
        Publish(EventMessages.StatusUpdate(now.Wall, after, MesosNameOf(status.State), status.Message ?? ""));
        Publish(EventMessages.InstanceChanged(now.Wall, after));
        if (before.Goal == InstanceGoal.Ended) return;

        // Nobody wanted its end.
        if (state is InstanceState.Killed or InstanceState.Unknown) return;
        _effects.Counts.Add(new FailureCounted(entry.Id));
        entry.LastFailure = new InstanceFailure(
            after.TaskId, after.Host, after.AgentId, MesosNameOf(status.State), status.Message ?? "", now.Wall, after.Version);
        if (state.IsFailure() && !IsInfrastructures(status.Reason)) DelayLaunches(entry, before, now);
    }

    /// <summary>The end says nothing about the app: its agent, the master or an offer was the cause.</summary>
    private static bool IsInfrastructures(StatusReason? reason) => reason is StatusReason.InvalidOffers or StatusReason.AgentRemoved
        or StatusReason.AgentRemovedByOperator or StatusReason.AgentDisconnected or StatusReason.AgentUnknown or StatusReason.AgentRestarted
        or StatusReason.AgentDraining or StatusReason.MasterDisconnected or StatusReason.Reconciliation or StatusReason.ContainerPreempted;

    private void DelayLaunches(AppEntry entry, Instance failed, Moment now)
    {
        var backoff = (entry.DefinitionOf(failed.Version) ?? entry.Record.Definition).Backoff;
        entry.Delay = entry.DelayFor(failed.ConfigVersion)
            .Failed(backoff.Initial, backoff.Factor, backoff.Maximum, now.Clock - failed.StartedClock, now.Clock);
        entry.DelayOf = failed.ConfigVersion;
        var stored = new StoredDelay(
            entry.Id.Path, Instants.Write(entry.DelayOf), StateMapping.Write(entry.Delay.Current)!.Value, StateMapping.Write(now.Clock)!.Value);
        _effects.Put(StateKeys.Delay(entry.Id), StateMapping.Write(stored, StateJson.Default.StoredDelay));
    }

    private void Resume(StoredDelay stored)
    {
        if (!_apps.TryGetValue(new AppId(stored.App), out var entry)) return;
        var delay = TimeSpan.FromMilliseconds(stored.Delay);
        entry.Delay = new LaunchDelay(delay, TimeSpan.FromMilliseconds(stored.FailedClock) + delay);
        entry.DelayOf = Instants.Read(stored.Config);
    }

    /// <summary>Gives an instance its end, durably, and tells the master.</summary>
    private void End(AppEntry entry, Instance instance, Moment now)
    {
        if (instance.Goal == InstanceGoal.Ended) return;
        var ending = instance with { Goal = InstanceGoal.Ended };
        Put(entry, ending);
        if (!ending.State.IsUnreachable()) SendKill(ending, now);
    }

    private void SendKill(Instance instance, Moment now)
    {
        _killSentAt[instance.TaskId] = now.Clock;
        Schedule(_appOf[instance.TaskId], instance);
        foreach (var id in PodTasks.LiveIds(instance))
            Call(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId(id), AgentOf(instance)) });
    }

    private static AgentId? AgentOf(Instance instance) => instance.AgentId.Length == 0 ? null : new AgentId(instance.AgentId);

    private void Call(SchedulerCall call)
    {
        if (IsConnected && _frameworkId is { } id) _effects.Calls.Add(call with { FrameworkId = new FrameworkId(id) });
    }

    /// <summary>An agent's host, as other instances know it; empty where none does.</summary>
    private string HostOf(AgentId? agent) => _apps.Values.SelectMany(entry => entry.Instances.Values)
        .FirstOrDefault(instance => instance.AgentId == agent?.Value && instance.Host.Length > 0)?.Host ?? "";

    private static bool Same(Instance before, Instance after) =>
        before.AgentId == after.AgentId && before.Host == after.Host && before.State == after.State && before.StartedAt == after.StartedAt && before.UnreachableSince == after.UnreachableSince
        && before.ContainerId == after.ContainerId && before.AgentHealthy == after.AgentHealthy
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
