using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

/// <summary>
/// The instances of the apps by their tasks: storing and forgetting them, ending them, and what time alone does to them.
/// </summary>
internal sealed class TaskTracker(
    CoreContext context, AppCatalog catalog, Subscription connection, Reconciliation reconciliation, LaunchDelays delays)
{
    private readonly Dictionary<string, AppEntry> _appOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _killSentAt = new(StringComparer.Ordinal);

    /// <summary>The app of each task.</summary>
    public IReadOnlyDictionary<string, AppEntry> AppOf => _appOf;

    /// <summary>A master is there, or another: kills are sent again, and it is asked for the state of everything.</summary>
    public void Subscribed(Moment now)
    {
        _killSentAt.Clear();
        ScheduleAll();
        Reconcile(now);
    }

    /// <summary>No master is there.</summary>
    public void Disconnected()
    {
        ScheduleAll();
        reconciliation.Stop();
    }

    /// <summary>Asks the master for the states of tasks, when it is time to.</summary>
    public void ReconcileWhenDue(Moment now)
    {
        if (reconciliation.IsDue(now)) Reconcile(now);
        else if (reconciliation.IsRetryDue(now)) reconciliation.AskForStates(AgentOf, now);
    }

    /// <summary>Stores an instance and takes note of it.</summary>
    public void Put(AppEntry entry, Instance instance, bool store = true)
    {
        entry.Instances[instance.TaskId] = instance;
        _appOf[instance.TaskId] = entry;
        Schedule(entry, instance);
        if (store) context.Effects.Put(SchedulerKeys.Instance(instance.TaskId), StateMapping.Write(instance));
        catalog.Touch(entry.Id);
    }

    public void Forget(AppEntry entry, string taskId)
    {
        if (entry.Instances.Remove(taskId, out var instance))
            foreach (var id in PodTasks.LiveIds(instance)) reconciliation.Forget(id);
        _appOf.Remove(taskId);
        context.Deadlines.Set(new Deadline(DeadlineKind.Instance, taskId), null);
        reconciliation.Forget(taskId);
        _killSentAt.Remove(taskId);
        foreach (var key in entry.Readiness.Keys.Where(key => key.TaskId == taskId).ToList()) entry.Readiness.Remove(key);
        context.Effects.Delete(SchedulerKeys.Instance(taskId));
        context.Effects.Watches.Add(new WatchOrder(taskId, null, null));
        catalog.Touch(entry.Id);
    }

    /// <summary>An instance's app is set aside: nothing is done about it any more.</summary>
    public void SetAside(string taskId)
    {
        _appOf.Remove(taskId);
        context.Deadlines.Set(new Deadline(DeadlineKind.Instance, taskId), null);
        context.Effects.Watches.Add(new WatchOrder(taskId, null, null));
    }

    /// <summary>The instance of a task; of a pod's task, its container too. Null where neither is known.</summary>
    public (AppEntry Entry, Instance Instance, string? Container)? Find(string taskId)
    {
        if (_appOf.TryGetValue(taskId, out var entry)) return (entry, entry.Instances[taskId], null);
        return TaskIds.OfPod(taskId) is var (id, container) && _appOf.TryGetValue(id, out entry)
            && entry.Instances[id] is var instance && instance.Tasks.Any(task => task.Name == container)
            ? (entry, instance, container) : null;
    }

    /// <summary>Gives an instance its end, durably, and tells the master.</summary>
    public void End(AppEntry entry, Instance instance, Moment now)
    {
        if (instance.Goal == InstanceGoal.Ended) return;
        var ending = instance with { Goal = InstanceGoal.Ended };
        Put(entry, ending);
        if (!ending.State.IsUnreachable()) SendKill(ending, now);
    }

    public void SendKill(Instance instance, Moment now)
    {
        _killSentAt[instance.TaskId] = now.Clock;
        Schedule(_appOf[instance.TaskId], instance);
        foreach (var id in PodTasks.LiveIds(instance))
            connection.Call(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId(id), AgentOf(instance)) });
    }

    public void PassTime(AppEntry entry, Instance instance, Moment now)
    {
        if (instance.State.IsUnreachable()) PassUnreachableTime(entry, instance, now);
        else if (instance.Goal == InstanceGoal.Ended) RepeatKill(instance, now);
        else if (instance.State.IsComingUp() && now.Clock >= instance.StagedClock + context.Options.LaunchTimeout)
            GiveUpLaunch(entry, instance, now);
        if (entry.Instances.TryGetValue(instance.TaskId, out var after)) Schedule(entry, after);
    }

    private void Reconcile(Moment now) =>
        reconciliation.Begin(_appOf.SelectMany(of => PodTasks.LiveIds(of.Value.Instances[of.Key])), AgentOf, now);

    private AgentId? AgentOf(string taskId) => AgentOf(Find(taskId)!.Value.Instance);

    private static AgentId? AgentOf(Instance instance) => instance.AgentId.Length == 0 ? null : new AgentId(instance.AgentId);

    private void ScheduleAll()
    {
        foreach (var (taskId, entry) in _appOf) Schedule(entry, entry.Instances[taskId]);
    }

    /// <summary>Sets an instance's deadline: only one that is not simply running has any.</summary>
    private void Schedule(AppEntry entry, Instance instance) =>
        context.Deadlines.Set(new Deadline(DeadlineKind.Instance, instance.TaskId), DueOf(entry, instance));

    private TimeSpan? DueOf(AppEntry entry, Instance instance)
    {
        if (instance.State.IsUnreachable())
        {
            if (StrategyOf(entry, instance) is not { } strategy) return null;
            var wait = instance.State == InstanceState.Unreachable && strategy.InactiveAfter < strategy.ExpungeAfter
                ? strategy.InactiveAfter : strategy.ExpungeAfter;
            return (instance.UnreachableClock ?? instance.StagedClock) + wait;
        }

        if (instance.Goal == InstanceGoal.Ended)
        {
            // Without a master nobody can be told; the next subscription begins anew.
            if (!connection.IsConnected) return null;
            return _killSentAt.TryGetValue(instance.TaskId, out var sent) ? sent + context.Options.KillRetry : TimeSpan.Zero;
        }

        return instance.State.IsComingUp() ? instance.StagedClock + context.Options.LaunchTimeout : null;
    }

    private static UnreachableStrategy? StrategyOf(AppEntry entry, Instance instance) =>
        (entry.DefinitionOf(instance.Version) ?? entry.Record.Definition).Unreachable;

    /// <summary>
    /// Counts an instance out after a while, and forgets it after another; a strategy that is disabled does neither.
    /// </summary>
    private void PassUnreachableTime(AppEntry entry, Instance instance, Moment now)
    {
        if (StrategyOf(entry, instance) is not { } strategy) return;
        var silent = now.Clock - (instance.UnreachableClock ?? instance.StagedClock);
        if (silent >= strategy.ExpungeAfter)
        {
            var gone = instance with { State = InstanceState.Gone, Since = now.Wall };
            Forget(entry, instance.TaskId);
            context.Publish(EventMessages.InstanceChanged(now.Wall, gone));
        }
        else if (silent >= strategy.InactiveAfter && instance.State == InstanceState.Unreachable)
        {
            var inactive = instance with { State = InstanceState.UnreachableInactive, Since = now.Wall };
            Put(entry, inactive);
            context.Publish(EventMessages.InstanceChanged(now.Wall, inactive));
        }
    }

    private void RepeatKill(Instance instance, Moment now)
    {
        if (!connection.IsConnected) return;
        if (_killSentAt.TryGetValue(instance.TaskId, out var sent) && now.Clock - sent < context.Options.KillRetry) return;
        SendKill(instance, now);
    }

    private void GiveUpLaunch(AppEntry entry, Instance instance, Moment now)
    {
        entry.LastFailure = new InstanceFailure(
            instance.TaskId, instance.Host, instance.AgentId, instance.State.MesosName(),
            $"not running {context.Options.LaunchTimeout.TotalSeconds:0} s after its launch", now.Wall, instance.Version);
        context.Effects.Counts.Add(new FailureCounted(entry.Id));
        delays.Extend(entry, instance, now);
        End(entry, instance, now);
    }
}
