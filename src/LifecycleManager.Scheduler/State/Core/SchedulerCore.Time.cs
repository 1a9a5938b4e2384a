using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

// What time alone brings about.
internal sealed partial class SchedulerCore
{
    // What waits for something that no deadline can name is looked at again after this.
    private static readonly TimeSpan Patrol = TimeSpan.FromSeconds(1);

    // What outlives a term is late by the time without a leader and by this: four leaders that die make no more than 10 s.
    private static readonly TimeSpan StoreClockInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BeforeJudging = TimeSpan.FromSeconds(5);

    private readonly DeadlineQueue<Deadline> _deadlines = new();

    private enum DeadlineKind
    {
        Instance,
        Deployment,
    }

    private TimeSpan _clockStored;
    private Moment _settled;

    /// <summary>
    /// When time alone has something to do, by the scheduler's clock: the owner's loop turns then at the latest. Never due before another
    /// turn can do it; the end of time where there is nothing.
    /// </summary>
    /// <param name="now">By the scheduler's clock.</param>
    public TimeSpan NextTick(TimeSpan now)
    {
        var next = _deadlines.Next is { } due ? Earlier(due, _preemptAt) : _preemptAt;
        if (OutlivesTerm(now)) next = Earlier(next, _clockStored + StoreClockInterval);
        if (IsConnected) next = Earlier(Earlier(next, Earlier(_nextReconciliation, _reconcileRetryAt)), NextLaunch(now));
        return next < now ? now : next;
    }

    /// <summary>Stores how far the clock has come, while something waits that outlives a term.</summary>
    private void StoreClock(Moment now)
    {
        _settled = now;
        if (now.Clock - _clockStored < StoreClockInterval || !OutlivesTerm(now.Clock)) return;
        _clockStored = now.Clock;
        _effects.Put(StateKeys.Clock, StateMapping.Write(new StoredClock((long)now.Clock.TotalMilliseconds), StateJson.Default.StoredClock));
    }

    /// <summary>Whether something is to come that a later term would have to go on waiting for.</summary>
    private bool OutlivesTerm(TimeSpan now) => !_deadlines.IsEmpty || _waiting.Any(app => DelayedUntil(_apps[app]) > now);

    /// <summary>Does what is due. Each turn does, whatever brought it about, so that no input puts off what others wait for.</summary>
    private void PassTime(Moment now)
    {
        foreach (var (kind, id) in _deadlines.TakeDue(now.Clock))
        {
            switch (kind)
            {
                case DeadlineKind.Instance when _appOf.TryGetValue(id, out var entry):
                    PassTime(entry, entry.Instances[id], now);
                    break;
                case DeadlineKind.Deployment when _deployments.Find(deployment => deployment.Id == id) is { } deployment:
                    RollBackLate(deployment, now);
                    break;
            }
        }

        if (now.Clock >= _preemptAt)
        {
            Preempt(now);
            _preemptAt = TimeSpan.MaxValue;
            foreach (var app in _waiting)
                _preemptAt = Earlier(_preemptAt, Later(_apps[app].Waiting!.Since.Clock + BeforePreemption, now.Clock + Patrol, now.Clock));
        }

        if (!IsConnected) return;
        if (now.Clock >= _nextReconciliation) Reconcile(now);
        else if (now.Clock >= _reconcileRetryAt) AskForStates(now);
    }

    private void PassTime(AppEntry entry, Instance instance, Moment now)
    {
        if (instance.State.IsUnreachable()) Unreachable(entry, instance, now);
        else if (instance.Goal == InstanceGoal.Ended) RepeatKill(instance, now);
        else if (instance.State.IsComingUp() && now.Clock >= instance.StagedClock + _options.LaunchTimeout) GiveUpLaunch(entry, instance, now);
        if (entry.Instances.TryGetValue(instance.TaskId, out var after)) Schedule(entry, after);
    }

    /// <summary>Sets an instance's deadline: only one that is not simply running has any.</summary>
    private void Schedule(AppEntry entry, Instance instance) =>
        _deadlines.Set(new Deadline(DeadlineKind.Instance, instance.TaskId), DueOf(entry, instance));

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
            if (!IsConnected) return null;
            return _killSentAt.TryGetValue(instance.TaskId, out var sent) ? sent + _options.KillRetry : TimeSpan.Zero;
        }

        return instance.State.IsComingUp() ? instance.StagedClock + _options.LaunchTimeout : null;
    }

    private static UnreachableStrategy? StrategyOf(AppEntry entry, Instance instance) =>
        (entry.DefinitionOf(instance.Version) ?? entry.Record.Definition).Unreachable;

    /// <summary>Counts an instance out after a while, and forgets it after another; a strategy that is disabled does neither.</summary>
    private void Unreachable(AppEntry entry, Instance instance, Moment now)
    {
        if (StrategyOf(entry, instance) is not { } strategy) return;
        var silent = now.Clock - (instance.UnreachableClock ?? instance.StagedClock);
        if (silent >= strategy.ExpungeAfter)
        {
            var gone = instance with { State = InstanceState.Gone, Since = now.Wall };
            Forget(entry, instance.TaskId);
            Publish(EventMessages.InstanceChanged(now.Wall, gone));
        }
        else if (silent >= strategy.InactiveAfter && instance.State == InstanceState.Unreachable)
        {
            var inactive = instance with { State = InstanceState.UnreachableInactive, Since = now.Wall };
            Put(entry, inactive);
            Publish(EventMessages.InstanceChanged(now.Wall, inactive));
        }
    }

    private void RepeatKill(Instance instance, Moment now)
    {
        if (!IsConnected) return;
        if (_killSentAt.TryGetValue(instance.TaskId, out var sent) && now.Clock - sent < _options.KillRetry) return;
        SendKill(instance, now);
    }

    /// <summary>Begins the time that the apps of a step have; the deadline is the first of theirs, and looking at it finds the next.</summary>
    private void StartStep(ActiveDeployment deployment, Moment now)
    {
        deployment.StepStarted = now;
        _deadlines.Set(new Deadline(DeadlineKind.Deployment, deployment.Id), now.Clock);
    }

    /// <summary>A new version that does not become healthy within the time that its app states goes back to the one before.</summary>
    private void RollBackLate(ActiveDeployment deployment, Moment now)
    {
        var next = deployment is { HeldSince: { } held, CurrentPause.For: { } pause } ? held.Clock + pause : TimeSpan.MaxValue;
        if (!deployment.IsRollback && deployment is { Frozen: null, HeldSince: null })
        {
            foreach (var app in deployment.Pending)
            {
                if (deployment.CurrentAction(app) != DeploymentActionKind.RestartApplication || deployment.Before.GetValueOrDefault(app) is null) continue;
                if ((deployment.Patience ?? RollbackLabel.Read(_apps[app].Record.Definition.Labels)) is not { } patience) continue;
                var due = deployment.StepStarted.Clock + patience;
                if (due < deployment.JudgedFrom) due = deployment.JudgedFrom;
                if (now.Clock >= due && !IsWhole(_apps[app], deployment))
                {
                    RollBack(deployment, FormattableString.Invariant($"{app.Path} was not healthy within {patience.TotalSeconds:0.###} s; rolled back"), now);
                    return;
                }

                // Whole, and waiting for old instances to end: it may still turn unhealthy.
                next = Earlier(next, now.Clock >= due ? now.Clock + Patrol : due);
            }
        }

        if (next > now.Clock && next < TimeSpan.MaxValue) _deadlines.Set(new Deadline(DeadlineKind.Deployment, deployment.Id), next);
    }

    /// <summary>All instances of the new version that the step is about are up: what it waits for are old ones that end.</summary>
    private static bool IsWhole(AppEntry entry, ActiveDeployment deployment)
    {
        var count = entry.Record.Definition.Instances;
        var config = entry.Record.LastConfigChangeAt;
        return entry.Instances.Values.Count(instance => instance.ConfigVersion == config
            && InstanceView.Of(instance, entry.DefinitionOf(instance.Version), config).IsUp) >= (deployment.CurrentStage(entry.Id)?.Size is { Value: > 0 } size ? size.Of(count) : count);
    }

    private void GiveUpLaunch(AppEntry entry, Instance instance, Moment now)
    {
        entry.LastFailure = new InstanceFailure(
            instance.TaskId, instance.Host, instance.AgentId, instance.State.MesosName(),
            $"not running {_options.LaunchTimeout.TotalSeconds:0} s after its launch", now.Wall, instance.Version);
        _effects.Counts.Add(new FailureCounted(entry.Id));
        DelayLaunches(entry, instance, now);
        End(entry, instance, now);
    }

    /// <summary>An instant that is still to come, or else another.</summary>
    private static TimeSpan Later(TimeSpan instant, TimeSpan otherwise, TimeSpan now) => instant > now ? instant : otherwise;

    private static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>What a deadline is about: an instance's task id, or a deployment's id.</summary>
    private readonly record struct Deadline(DeadlineKind Kind, string Id);
}
