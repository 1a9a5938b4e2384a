using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

// What time alone brings about.
internal sealed partial class SchedulerCore
{
    private static readonly TimeSpan Patrol = TimeSpan.FromSeconds(1);

    // Instances that are not simply running: only they have deadlines.
    private readonly HashSet<string> _attention = new(StringComparer.Ordinal);

    /// <summary>When a <see cref="Tick"/> has something to do, unless another input comes before.</summary>
    public DateTimeOffset NextTick(DateTimeOffset now)
    {
        var next = _nextReconciliation;
        if (_attention.Count > 0 || _deployments.Count > 0 || _waiting.Count > 0) next = Earlier(next, now + Patrol);
        next = Earlier(next, _reconcileRetryAt);
        next = Earlier(next, NextLaunch(now));
        return next < now ? now : next;
    }

    private void PassTime(DateTimeOffset now)
    {
        foreach (var taskId in _attention.ToList())
        {
            var entry = _appOf[taskId];
            var instance = entry.Instances[taskId];
            if (instance.State.IsUnreachable()) Unreachable(entry, instance, now);
            else if (instance.Goal == InstanceGoal.Ended) RepeatKill(instance, now);
            else if (now - instance.StagedAt >= _options.LaunchTimeout) GiveUpLaunch(entry, instance, now);
        }

        foreach (var deployment in _deployments.ToList()) RollBackLate(deployment, now);
        Preempt(now);
        if (!IsConnected) return;
        if (now >= _nextReconciliation) Reconcile(now);
        else if (now >= _reconcileRetryAt) AskForStates(now);
    }

    /// <summary>Counts an instance out after a while, and forgets it after another; a strategy that is disabled does neither.</summary>
    private void Unreachable(AppEntry entry, Instance instance, DateTimeOffset now)
    {
        var definition = entry.DefinitionOf(instance.Version) ?? entry.Record.Definition;
        if (definition.Unreachable is not { } strategy) return;
        var silent = now - (instance.UnreachableSince ?? instance.Since);
        if (silent >= strategy.ExpungeAfter)
        {
            var gone = instance with { State = InstanceState.Gone, Since = now };
            Forget(entry, instance.TaskId);
            Publish(EventMessages.InstanceChanged(now, gone));
        }
        else if (silent >= strategy.InactiveAfter && instance.State == InstanceState.Unreachable)
        {
            var inactive = instance with { State = InstanceState.UnreachableInactive, Since = now };
            Put(entry, inactive);
            Publish(EventMessages.InstanceChanged(now, inactive));
        }
    }

    private void RepeatKill(Instance instance, DateTimeOffset now)
    {
        if (!IsConnected) return;
        if (_killSentAt.TryGetValue(instance.TaskId, out var sent) && now - sent < _options.KillRetry) return;
        SendKill(instance, now);
    }

    /// <summary>A new version that does not become healthy within the time that its app states goes back to the one before.</summary>
    private void RollBackLate(ActiveDeployment deployment, DateTimeOffset now)
    {
        if (deployment.IsRollback || deployment.Frozen is not null || !_deployments.Contains(deployment)) return;
        foreach (var app in deployment.Pending)
        {
            if (deployment.CurrentAction(app) != DeploymentActionKind.RestartApplication || deployment.Before.GetValueOrDefault(app) is null) continue;
            if ((deployment.Patience ?? RollbackLabel.Read(_apps[app].Record.Definition.Labels)) is not { } patience
                || now - deployment.StepStartedAt < patience || IsWhole(_apps[app], deployment))
                continue;
            RollBack(deployment, FormattableString.Invariant($"{app.Path} was not healthy within {patience.TotalSeconds:0.###} s; rolled back"), now);
            return;
        }
    }

    /// <summary>All instances of the new version that the step is about are up: what it waits for are old ones that end.</summary>
    private static bool IsWhole(AppEntry entry, ActiveDeployment deployment)
    {
        var count = entry.Record.Definition.Instances;
        var config = entry.Record.LastConfigChangeAt;
        return entry.Instances.Values.Count(instance => instance.ConfigVersion == config
            && InstanceView.Of(instance, entry.DefinitionOf(instance.Version), config).IsUp) >= (deployment.CurrentStage(entry.Id)?.Size is { Value: > 0 } size ? size.Of(count) : count);
    }

    private void GiveUpLaunch(AppEntry entry, Instance instance, DateTimeOffset now)
    {
        entry.LastFailure = new InstanceFailure(
            instance.TaskId, instance.Host, instance.AgentId, instance.State.MesosName(),
            $"not running {_options.LaunchTimeout.TotalSeconds:0} s after its launch", now, instance.Version);
        _effects.Counts.Add(new FailureCounted(entry.Id));
        DelayLaunches(entry, instance, now);
        End(entry, instance, now);
    }

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;
}
