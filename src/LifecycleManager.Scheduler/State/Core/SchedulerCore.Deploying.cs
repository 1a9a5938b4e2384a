using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

// Bringing what there is to what is wanted: every app at its count at all times, and deployments step by step.
internal sealed partial class SchedulerCore
{
    private void Decide(Moment now)
    {
        do
        {
            while (_dirty.Count > 0)
            {
                var app = _dirty.First();
                _dirty.Remove(app);
                if (_apps.TryGetValue(app, out var entry)) Decide(entry, now);
            }
        }
        while (Advance(now));
    }

    private void Decide(AppEntry entry, Moment now)
    {
        var deployment = entry.Deployment;
        var action = deployment?.CurrentAction(entry.Id);
        var (record, count) = Wanted(entry, deployment, action);
        var decision = Decide(entry, record, count, presumeHealthy: false);
        foreach (var taskId in decision.Kill) End(entry, entry.Instances[taskId], now);
        _dirty.Remove(entry.Id);
        if (decision.LaunchOld > 0) Want(entry, deployment!.Before[entry.Id]!, decision.LaunchOld, now);
        else Want(entry, record, decision.Launch, now);

        // Of a paused deployment nothing is done: what is whole now is less than the step is about.
        if (action is not null && decision.IsComplete && deployment!.Frozen is null && deployment.Pending.Remove(entry.Id)) _stale.Add(entry.Id);
        else if (deployment is { HeldSince: not null } && !decision.IsComplete && !Decide(entry, record, count, presumeHealthy: true).IsComplete)
            Unsettle(deployment, entry.Id, now);
        if (entry is not { IsRemoved: true, Instances.Count: 0, Deployment: null }) return;
        _apps.Remove(entry.Id);
        if (entry.Delay != default) _effects.Delete(StateKeys.Delay(entry.Id));
    }

    /// <summary>What is to be done about an app.</summary>
    /// <param name="entry">The app.</param>
    /// <param name="record">What is to run.</param>
    /// <param name="count">How often.</param>
    /// <param name="presumeHealthy">Take instances for healthy whose checks have not been answered, as after a change of the leader.</param>
    private static AppDecision Decide(AppEntry entry, AppRecord record, int count, bool presumeHealthy)
    {
        var deployment = entry.Deployment;
        var action = deployment?.CurrentAction(entry.Id);
        if (IsHeld(entry, deployment, action)) return new AppDecision(0, [], IsComplete: true);
        var views = entry.Instances.Values
            .Select(instance => InstanceView.Of(instance, entry.DefinitionOf(instance.Version), record.LastConfigChangeAt, presumeHealthy))
            .ToList();
        return action == DeploymentActionKind.RestartApplication
            ? Replace(entry, deployment!, record.Definition, count, views)
            : Scaling.Decide(count, record.Definition.KillSelection, views, deployment?.Created ?? default);
    }

    /// <summary>A new app whose turn has not come: nothing is launched, and what may be left of an earlier life is not ended.</summary>
    private static bool IsHeld(AppEntry entry, ActiveDeployment? deployment, DeploymentActionKind? action) =>
        action == DeploymentActionKind.StartApplication
        || (action is null && deployment is not null && deployment.Before.GetValueOrDefault(entry.Id) is null && deployment.IsAhead(entry.Id));

    /// <summary>Which version of an app is to run how often at the moment: a deployment changes it only from its own step on.</summary>
    private static (AppRecord Record, int Count) Wanted(AppEntry entry, ActiveDeployment? deployment, DeploymentActionKind? action)
    {
        if (deployment is not null && deployment.Before.TryGetValue(entry.Id, out var before))
        {
            if (action is null && before is not null && deployment.IsAhead(entry.Id)) return (before, before.Definition.Instances);
        }

        return (entry.Record, entry.IsRemoved ? 0 : entry.Record.Definition.Instances);
    }

    /// <summary>A version is replaced by another: at once, or as far as the stage goes that the deployment is at.</summary>
    private static AppDecision Replace(
        AppEntry entry, ActiveDeployment deployment, AppDefinition definition, int count, IReadOnlyCollection<InstanceView> views)
    {
        var stage = deployment.CurrentStage(entry.Id);
        var selection = definition.KillSelection;
        if (stage?.Kind == RolloutKind.Switched) return BlueGreen.Decide(count, null, selection, views);
        if (stage?.Kind == RolloutKind.Green)
        {
            var blue = IsRescaled(entry, deployment) ? count : deployment.Before[entry.Id]!.Definition.Instances;
            return BlueGreen.Decide(count, blue, selection, views);
        }

        var fresh = Math.Min(stage?.Size.Of(count) ?? count, deployment.Frozen?.GetValueOrDefault(entry.Id, count) ?? count);
        return fresh >= count || deployment.Before.GetValueOrDefault(entry.Id) is null
            ? RollingRestart.Decide(count, definition.MinimumHealthCapacity, definition.MaximumOverCapacity, selection, views)
            : CanaryRollout.Decide(count, fresh, definition.MinimumHealthCapacity, definition.MaximumOverCapacity, selection, views);
    }

    /// <summary>The count has changed since the deployment began.</summary>
    private static bool IsRescaled(AppEntry entry, ActiveDeployment deployment) => entry.Record.LastScalingAt > deployment.Version;

    /// <summary>What was healthy is not any more: its pause begins anew once it is, and its patience now.</summary>
    private void Unsettle(ActiveDeployment deployment, AppId app, Moment now)
    {
        if (deployment.CurrentAction(app) is null) return;
        deployment.Pending.Add(app);
        deployment.HeldSince = null;
        StartStep(deployment, now);
        Save(deployment);
    }

    /// <summary>Whether a step that is done may be left: its pause is over, or is ended, or it has none.</summary>
    private bool MayPass(ActiveDeployment deployment, Moment now)
    {
        if (deployment.Frozen is not null) return false;
        if (deployment.CurrentPause is not { } pause || deployment.IsPromoted || deployment.MayPass) return true;
        if (deployment.HeldSince is null)
        {
            deployment.HeldSince = now;
            if (pause.For is { } rest) _deadlines.SetEarlier(new Deadline(DeadlineKind.Deployment, deployment.Id), now.Clock + rest);
            Save(deployment);
            Publish(EventMessages.DeploymentPaused(now.Wall, deployment.Status([]), TreesOf(deployment), deployment.Steps[deployment.CurrentStep]));
        }

        return pause.For is { } time && now.Clock >= deployment.HeldSince.Value.Clock + time;
    }

    /// <summary>Takes deployments to their next steps.</summary>
    /// <returns>Whether any apps have to be decided about again.</returns>
    private bool Advance(Moment now)
    {
        var moved = false;
        foreach (var deployment in _deployments.ToList())
        {
            while (deployment.Pending.Count == 0 && MayPass(deployment, now))
            {
                moved = true;
                var done = deployment.Steps[deployment.CurrentStep];
                Publish(EventMessages.DeploymentStepSuccess(now.Wall, deployment.Status([]), TreesOf(deployment), done));
                foreach (var action in done.Actions)
                    if (action.Kind == DeploymentActionKind.StopApplication) Publish(EventMessages.AppTerminated(now.Wall, action.App.Path));
                deployment.CurrentStep++;
                StartStep(deployment, now);
                deployment.BeginStep();
                if (deployment.CurrentStep == deployment.Steps.Count)
                {
                    Finish(deployment, now);
                    break;
                }

                Begin(deployment, now);
            }
        }

        return moved && _dirty.Count > 0;
    }

    private void Begin(ActiveDeployment deployment, Moment now)
    {
        Save(deployment);
        Publish(EventMessages.DeploymentInfo(now.Wall, deployment.Status([]), TreesOf(deployment), deployment.Steps[deployment.CurrentStep]));
        foreach (var app in deployment.Before.Keys) Touch(app);
    }

    private void Save(ActiveDeployment deployment) => _effects.Put(
        StateKeys.Deployment(deployment.Id), StateMapping.Write(DeploymentMapping.Write(deployment), StateJson.Default.StoredDeployment));

    private void Finish(ActiveDeployment deployment, Moment now)
    {
        Release(deployment);
        _effects.Counts.Add(new DeploymentCounted("success"));
        Publish(EventMessages.DeploymentSucceeded(now.Wall, deployment.Status([]), TreesOf(deployment)));
    }

    private void Fail(ActiveDeployment deployment, string reason, Moment now)
    {
        Release(deployment);
        _effects.Counts.Add(new DeploymentCounted("canceled"));
        if (deployment.CurrentStep < deployment.Steps.Count)
            Publish(EventMessages.DeploymentStepFailed(now.Wall, deployment.Status([]), TreesOf(deployment), deployment.Steps[deployment.CurrentStep]));
        Publish(EventMessages.DeploymentFailed(now.Wall, deployment.Status([]), TreesOf(deployment), reason));
    }

    private DeploymentTrees TreesOf(ActiveDeployment deployment) => new(_root, deployment.Before);

    private void Release(ActiveDeployment deployment)
    {
        _deployments.Remove(deployment);
        _deadlines.Set(new Deadline(DeadlineKind.Deployment, deployment.Id), null);
        _effects.Delete(StateKeys.Deployment(deployment.Id));
        foreach (var app in deployment.Before.Keys)
        {
            if (!_apps.TryGetValue(app, out var entry)) continue;
            entry.Deployment = null;
            entry.Readiness.Clear();
            StayAll(entry);
            Touch(app);
        }
    }

    private void Resume(StoredDeployment stored, Moment now)
    {
        ActiveDeployment deployment;
        try
        {
            if (stored.Before.Keys.Select(path => new AppId(path)).FirstOrDefault(_aside.Holds) is { Path: not null } app)
                throw new InvalidDataException($"the stored app {app.Path}, which it changes, cannot be read");
            deployment = DeploymentMapping.Read(
                stored, (id, version) => _apps.TryGetValue(id, out var known) ? RecordOf(known, version) : null, now);
        }
        catch (InvalidDataException e)
        {
            _aside.Add(stored.Id, e.Message);
            return;
        }

        Remember(deployment.Version);

        // An app that a stop has already emptied and forgotten is done.
        deployment.Pending.RemoveWhere(app => !_apps.ContainsKey(app));
        _deployments.Add(deployment);

        // While nobody led, nobody could see it become healthy: the clock has stood still, and the checks have yet to be answered.
        deployment.JudgedFrom = now.Clock + BeforeJudging;
        _deadlines.Set(new Deadline(DeadlineKind.Deployment, deployment.Id), now.Clock);
        foreach (var app in deployment.Before.Keys)
            if (_apps.TryGetValue(app, out var entry)) entry.Deployment = deployment;
    }

    /// <summary>
    /// A deployment that cannot be carried on may hold any app: those that are not as they are meant to be, and that no other deployment
    /// holds, are left as they are.
    /// </summary>
    private void SetUnsettledAside()
    {
        foreach (var entry in _apps.Values.Where(entry => entry is { Deployment: null, Instances.Count: > 0 } && !IsSettled(entry)).ToList())
        {
            _aside.Add(entry);
            _apps.Remove(entry.Id);
            _root = GroupTree.With(_root, new Dictionary<AppId, AppDefinition?> { [entry.Id] = null });
            foreach (var taskId in entry.Instances.Keys)
            {
                _appOf.Remove(taskId);
                _deadlines.Set(new Deadline(DeadlineKind.Instance, taskId), null);
                _effects.Watches.Add(new WatchOrder(taskId, null, null));
            }
        }
    }

    private static bool IsSettled(AppEntry entry)
    {
        var active = entry.Instances.Values.Where(instance => instance.IsActive).ToList();
        return !entry.IsRemoved && active.Count <= entry.Record.Definition.Instances
            && active.TrueForAll(instance => instance.ConfigVersion == entry.Record.LastConfigChangeAt || instance.IsWithoutRecord);
    }

    private static AppRecord? RecordOf(AppEntry entry, DateTimeOffset version) =>
        entry.Record.Definition.Version == version ? entry.Record : entry.Older.GetValueOrDefault(version);
}
