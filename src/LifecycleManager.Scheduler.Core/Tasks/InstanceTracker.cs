using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Delays;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>
/// The instances of the apps by their tasks: storing and forgetting them, ending them, and what time alone does to them.
/// </summary>
internal sealed class InstanceTracker(
    CoreContext context, AppCatalog catalog, MasterSubscription connection, Reconciliation reconciliation, LaunchDelays delays,
    ReadinessAnswers readiness)
{
    private readonly Dictionary<string, AppEntry> _appOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _killSentAt = new(StringComparer.Ordinal);

    /// <summary>The app of each task.</summary>
    public IReadOnlyDictionary<string, AppEntry> AppOf => _appOf;

    /// <summary>A master is there, or another: kills are sent again, and it is asked for the state of everything.</summary>
    public void Subscribed(ClockReading now)
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
    public void ReconcileWhenDue(ClockReading now)
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

    /// <summary>Takes note of what checks say, which is not stored, and starts nothing by itself.</summary>
    public void SetHealth(AppEntry entry, Instance instance)
    {
        entry.Instances[instance.TaskId] = instance;
        catalog.MarkStale(entry.Id);
    }

    /// <summary>Takes note that an instance failed; its app's next launches wait where the app was the cause.</summary>
    /// <param name="entry">The app.</param>
    /// <param name="instance">As it was before.</param>
    /// <param name="failure">Its end.</param>
    /// <param name="isAppsFault">Not the fault of an agent, the master or an offer.</param>
    /// <param name="now">Now.</param>
    public void Fail(AppEntry entry, Instance instance, InstanceFailure failure, bool isAppsFault, ClockReading now)
    {
        context.Effects.Counts.Add(new FailureCounted(entry.Id));
        entry.LastFailure = failure;
        if (isAppsFault) delays.Extend(entry, instance, now);
    }

    /// <summary>A task has ended whose instance goes on: what is launched next is its next task.</summary>
    public static void Return(AppEntry entry, Instance instance)
    {
        if (instance.Tasks.Count == 0 && TaskIds.IsOurs(instance.TaskId))
            entry.Returning.Enqueue((instance.TaskId, instance.ConfigVersion));
    }

    /// <summary>The task id of the next launch: of an instance that goes on, else of a new one.</summary>
    public string NextTaskId(AppEntry entry, AppRecord record)
    {
        while (!record.Definition.IsPod && entry.Returning.TryDequeue(out var ended))
            if (ended.ConfigVersion == record.LastConfigChangeAt) return TaskIds.Next(ended.TaskId);
        var id = context.NewGuid();
        return record.Definition.IsPod ? TaskIds.MakePod(entry.Id, id) : TaskIds.Make(entry.Id, id);
    }

    public void Forget(AppEntry entry, string taskId)
    {
        if (entry.Instances.Remove(taskId, out var instance))
            foreach (var id in PodTasks.LiveIds(instance)) reconciliation.Forget(id);
        _appOf.Remove(taskId);
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Instance, taskId), null);
        reconciliation.Forget(taskId);
        _killSentAt.Remove(taskId);
        readiness.Forget(entry.Id, taskId);
        context.Effects.Delete(SchedulerKeys.Instance(taskId));
        context.Effects.Watches.Add(new WatchOrder(taskId, null, null));
        catalog.Touch(entry.Id);
    }

    /// <summary>An instance's app is set aside: nothing is done about it any more.</summary>
    public void SetAside(string taskId)
    {
        _appOf.Remove(taskId);
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Instance, taskId), null);
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

    /// <summary>
    /// Gives an instance its end, durably. One that serves is drained first where its app wants that: others are told that it
    /// is being ended, and the master when the time is over.
    /// </summary>
    /// <param name="entry">The app.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="now">Now.</param>
    /// <param name="atOnce">It is not drained, nor any longer.</param>
    /// <param name="returns">The instance goes on with another task.</param>
    public void End(AppEntry entry, Instance instance, ClockReading now, bool atOnce = false, bool returns = false)
    {
        if (instance.Goal == InstanceGoal.Ended)
        {
            if (atOnce && IsDraining(instance)) EndDrain(entry, instance, now);
            return;
        }

        var drain = atOnce ? null : Drains.Of(entry, instance, now);
        var ending = instance with { Goal = InstanceGoal.Ended, Drain = drain, Returns = returns };
        Put(entry, ending);
        if (drain is not null)
        {
            context.Publish(EventMessages.StatusUpdate(now.Wall, ending, ending.ShownState.MesosName(),
                FormattableString.Invariant($"drained for {drain.For.TotalSeconds:0.###} s before it is killed")));
            context.Publish(EventMessages.InstanceChanged(now.Wall, ending));
        }
        else if (!ending.State.IsUnreachable()) SendKill(ending, now);
    }

    public void SendKill(Instance instance, ClockReading now)
    {
        _killSentAt[instance.TaskId] = now.Clock;
        Schedule(_appOf[instance.TaskId], instance);
        foreach (var id in PodTasks.LiveIds(instance))
            connection.Call(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId(id), AgentOf(instance)) });
    }

    public void PassTime(AppEntry entry, Instance instance, ClockReading now)
    {
        if (instance.State.IsUnreachable()) PassUnreachableTime(entry, instance, now);
        else if (instance.Goal == InstanceGoal.Ended) RepeatKill(instance, now);
        else if (instance.State.IsComingUp() && now.Clock >= instance.StagedClock + context.Options.LaunchTimeout)
            GiveUpLaunch(entry, instance, now);
        if (entry.Instances.TryGetValue(instance.TaskId, out var after)) Schedule(entry, after);
    }

    private void Reconcile(ClockReading now) =>
        reconciliation.Begin(_appOf.SelectMany(of => PodTasks.LiveIds(of.Value.Instances[of.Key])), AgentOf, now);

    private AgentId? AgentOf(string taskId) => AgentOf(Find(taskId)!.Value.Instance);

    private static AgentId? AgentOf(Instance instance) => instance.AgentId.Length == 0 ? null : new AgentId(instance.AgentId);

    private void ScheduleAll()
    {
        foreach (var (taskId, entry) in _appOf) Schedule(entry, entry.Instances[taskId]);
    }

    /// <summary>Sets an instance's deadline: only one that is not simply running has any.</summary>
    private void Schedule(AppEntry entry, Instance instance) =>
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Instance, instance.TaskId), DueOf(entry, instance));

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
            return _killSentAt.TryGetValue(instance.TaskId, out var sent) ? sent + context.Options.KillRetry
                : instance.Drain?.Until ?? TimeSpan.Zero;
        }

        return instance.State.IsComingUp() ? instance.StagedClock + context.Options.LaunchTimeout : null;
    }

    private static UnreachableStrategy? StrategyOf(AppEntry entry, Instance instance) =>
        (entry.DefinitionOf(instance.Version) ?? entry.Record.Definition).Unreachable;

    /// <summary>
    /// Counts an instance out after a while, and forgets it after another; a strategy that is disabled does neither.
    /// </summary>
    private void PassUnreachableTime(AppEntry entry, Instance instance, ClockReading now)
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

    private void RepeatKill(Instance instance, ClockReading now)
    {
        if (!connection.IsConnected) return;
        if (_killSentAt.TryGetValue(instance.TaskId, out var sent) ? now.Clock - sent < context.Options.KillRetry
            : now.Clock < instance.Drain?.Until) return;
        SendKill(instance, now);
    }

    private void EndDrain(AppEntry entry, Instance instance, ClockReading now)
    {
        var drained = instance with { Drain = instance.Drain!.Over };
        Put(entry, drained);
        SendKill(drained, now);
    }

    /// <summary>It has yet to be killed: its time is not over, or there is no master to tell.</summary>
    private bool IsDraining(Instance instance) =>
        instance.Drain is not null && !instance.State.IsUnreachable() && !_killSentAt.ContainsKey(instance.TaskId);

    private void GiveUpLaunch(AppEntry entry, Instance instance, ClockReading now)
    {
        var failure = new InstanceFailure(
            instance.TaskId, instance.Host, instance.AgentId, instance.State.MesosName(),
            $"not running {context.Options.LaunchTimeout.TotalSeconds:0} s after its launch", now.Wall, instance.Version);
        Fail(entry, instance, failure, isAppsFault: true, now);
        End(entry, instance, now, returns: true);
    }
}
