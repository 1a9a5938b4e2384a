using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

// Bringing what there is to what is wanted: every app at its count at all times, and deployments step by step.
internal sealed partial class SchedulerCore
{
    private void Decide(DateTimeOffset now)
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

    private void Decide(AppEntry entry, DateTimeOffset now)
    {
        var deployment = entry.Deployment;
        var action = deployment?.CurrentAction(entry.Id);
        var (record, count) = Wanted(entry, deployment, action);
        var views = entry.Instances.Values
            .Select(instance => InstanceView.Of(instance, entry.DefinitionOf(instance.Version), record.LastConfigChangeAt))
            .ToList();
        var definition = record.Definition;
        var decision = IsHeld(entry, deployment, action)
            ? new AppDecision(0, [], IsComplete: true)
            : action == DeploymentActionKind.RestartApplication
            ? RollingRestart.Decide(
                count, definition.MinimumHealthCapacity, definition.MaximumOverCapacity, definition.KillSelection, views)
            : Scaling.Decide(count, definition.KillSelection, views, deployment?.CreatedAt ?? DateTimeOffset.MinValue);
        foreach (var taskId in decision.Kill) End(entry, entry.Instances[taskId], now);
        _dirty.Remove(entry.Id);
        Want(entry, record, decision.Launch, now);
        if (action is not null && decision.IsComplete && deployment!.Pending.Remove(entry.Id)) _stale.Add(entry.Id);
        if (entry is { IsRemoved: true, Instances.Count: 0, Deployment: null }) _apps.Remove(entry.Id);
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

    /// <summary>Takes deployments to their next steps.</summary>
    /// <returns>Whether any apps have to be decided about again.</returns>
    private bool Advance(DateTimeOffset now)
    {
        var moved = false;
        foreach (var deployment in _deployments.ToList())
        {
            while (deployment.Pending.Count == 0)
            {
                moved = true;
                var done = deployment.Steps[deployment.CurrentStep];
                Publish(EventMessages.DeploymentStepSuccess(now, deployment.Status([]), done));
                foreach (var action in done.Actions)
                    if (action.Kind == DeploymentActionKind.StopApplication) Publish(EventMessages.AppTerminated(now, action.App.Path));
                deployment.CurrentStep++;
                deployment.StepStartedAt = now;
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

    private void Begin(ActiveDeployment deployment, DateTimeOffset now)
    {
        _effects.Put(StateKeys.Deployment(deployment.Id), StateMapping.Write(Store(deployment), StateJson.Default.StoredDeployment));
        Publish(EventMessages.DeploymentInfo(now, deployment.Status([]), deployment.Steps[deployment.CurrentStep]));
        foreach (var app in deployment.Before.Keys) Touch(app);
    }

    private void Finish(ActiveDeployment deployment, DateTimeOffset now)
    {
        Release(deployment);
        _effects.Counts.Add(new DeploymentCounted("success"));
        Publish(EventMessages.DeploymentSucceeded(now, deployment.Status([])));
    }

    private void Fail(ActiveDeployment deployment, string reason, DateTimeOffset now)
    {
        Release(deployment);
        _effects.Counts.Add(new DeploymentCounted("canceled"));
        Publish(EventMessages.DeploymentFailed(now, deployment.Status([]), reason));
    }

    private void Release(ActiveDeployment deployment)
    {
        _deployments.Remove(deployment);
        _effects.Delete(StateKeys.Deployment(deployment.Id));
        foreach (var app in deployment.Before.Keys)
        {
            if (!_apps.TryGetValue(app, out var entry)) continue;
            entry.Deployment = null;
            entry.Readiness.Clear();
            Touch(app);
        }
    }

    private void Resume(StoredDeployment stored)
    {
        var before = new Dictionary<AppId, AppRecord?>();
        foreach (var (path, version) in stored.Before)
        {
            var app = new AppId(path);
            before[app] = version is null || !_apps.TryGetValue(app, out var known) ? null : RecordOf(known, Instants.Read(version));
        }

        var deployment = new ActiveDeployment
        {
            Id = stored.Id,
            Version = Instants.Read(stored.Version),
            CreatedAt = Instants.Read(stored.CreatedAt),
            Reason = stored.Reason,
            Steps = [.. stored.Steps.Select(step => new DeploymentStep([.. step.Actions.Select(
                action => new DeploymentAction(Enum.Parse<DeploymentActionKind>(action.Action), new AppId(action.App)))]))],
            Before = before,
            CurrentStep = stored.CurrentStep,
            StepStartedAt = Instants.Read(stored.StepStartedAt),
        };
        Remember(deployment.Version);
        deployment.BeginStep();

        // An app that a stop has already emptied and forgotten is done.
        deployment.Pending.RemoveWhere(app => !_apps.ContainsKey(app));
        _deployments.Add(deployment);
        foreach (var app in before.Keys)
            if (_apps.TryGetValue(app, out var entry)) entry.Deployment = deployment;
    }

    private static AppRecord? RecordOf(AppEntry entry, DateTimeOffset version) =>
        entry.Record.Definition.Version == version ? entry.Record : entry.Older.GetValueOrDefault(version);

    private static StoredDeployment Store(ActiveDeployment deployment) => new()
    {
        Id = deployment.Id,
        Version = Instants.Write(deployment.Version),
        CreatedAt = Instants.Write(deployment.CreatedAt),
        Reason = deployment.Reason,
        Steps = [.. deployment.Steps.Select(step =>
            new StoredStep([.. step.Actions.Select(action => new StoredAction(action.Kind.ToString(), action.App.Path))]))],
        CurrentStep = deployment.CurrentStep,
        StepStartedAt = Instants.Write(deployment.StepStartedAt),
        Before = deployment.Before.ToDictionary(
            entry => entry.Key.Path, entry => entry.Value is { } record ? Instants.Write(record.Definition.Version) : null),
    };
}
