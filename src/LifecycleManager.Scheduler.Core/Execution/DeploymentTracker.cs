using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>The deployments under way: step by step, with their pauses, to their success or failure.</summary>
internal sealed class DeploymentTracker(CoreContext context, AppCatalog catalog, InstanceTracker tracker,
    ReadinessAnswers readiness)
{
    private readonly List<ActiveDeployment> _active = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<ActiveDeployment> Active => _active;

    public ActiveDeployment? Find(string id) => _active.Find(deployment => deployment.Id == id);

    /// <summary>Starts a deployment: its apps are held by it from now on.</summary>
    public void Start(ActiveDeployment deployment, ClockReading now)
    {
        deployment.BeginStep();
        _active.Add(deployment);
        StartStep(deployment, now);
        foreach (var app in deployment.Before.Keys) catalog.Apps[app].Deployment = deployment;
        Begin(deployment, now);
    }

    /// <summary>Goes on with a deployment of an earlier term.</summary>
    public void Restore(ActiveDeployment deployment, ClockReading now)
    {
        _active.Add(deployment);
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Deployment, deployment.Id), now.Clock);
        foreach (var app in deployment.Before.Keys)
            if (catalog.Apps.TryGetValue(app, out var entry)) entry.Deployment = deployment;
    }

    /// <summary>Takes deployments to their next steps.</summary>
    /// <returns>Whether any apps have to be decided about again.</returns>
    public bool Advance(ClockReading now)
    {
        var moved = false;
        foreach (var deployment in _active.ToList())
        {
            while (deployment.Pending.Count == 0 && MayPass(deployment, now))
            {
                moved = true;
                var done = deployment.Steps[deployment.CurrentStep];
                context.Publish(EventMessages.DeploymentStepSuccess(now.Wall, deployment.Status([]), TreesOf(deployment), done));
                foreach (var action in done.Actions)
                    if (action.Kind == DeploymentActionKind.StopApplication)
                        context.Publish(EventMessages.AppTerminated(now.Wall, action.App.Path));
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

        return moved && catalog.HasDirty;
    }

    /// <summary>
    /// Begins the time that the apps of a step have; the deadline is the first of theirs, and looking at it finds the next.
    /// </summary>
    public void StartStep(ActiveDeployment deployment, ClockReading now)
    {
        deployment.StepStarted = now;
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Deployment, deployment.Id), now.Clock);
    }

    /// <summary>What was healthy is not any more: its pause begins anew once it is, and its patience now.</summary>
    public void ReopenStep(ActiveDeployment deployment, AppId app, ClockReading now)
    {
        if (deployment.CurrentAction(app) is null) return;
        deployment.Pending.Add(app);
        deployment.HeldSince = null;
        StartStep(deployment, now);
        Save(deployment);
    }

    public void Save(ActiveDeployment deployment) => context.Effects.Put(
        SchedulerKeys.Deployment(deployment.Id), StateMapping.Write(DeploymentMapping.Write(deployment),
            StoredJson.Default.StoredDeployment));

    public void Fail(ActiveDeployment deployment, string reason, ClockReading now)
    {
        Release(deployment);
        context.Effects.Counts.Add(new DeploymentCounted(DeploymentCounted.Canceled));
        if (deployment.CurrentStep < deployment.Steps.Count)
            context.Publish(EventMessages.DeploymentStepFailed(now.Wall, deployment.Status([]), TreesOf(deployment),
                deployment.Steps[deployment.CurrentStep]));
        context.Publish(EventMessages.DeploymentFailed(now.Wall, deployment.Status([]), TreesOf(deployment), reason));
    }

    public DeploymentTrees TreesOf(ActiveDeployment deployment) => new(catalog.Root, deployment.Before);

    /// <summary>Whether a step that is done may be left: its pause is over, or is ended, or it has none.</summary>
    private bool MayPass(ActiveDeployment deployment, ClockReading now)
    {
        if (deployment.Frozen is not null) return false;
        if (deployment.CurrentPause is not { } pause || deployment.IsPromoted || deployment.MayPass) return true;
        if (deployment.HeldSince is null)
        {
            deployment.HeldSince = now;
            if (pause.For is { } rest)
                context.Deadlines.SetEarlier(new DeadlineSubject(DeadlineKind.Deployment, deployment.Id), now.Clock + rest);
            Save(deployment);
            context.Publish(EventMessages.DeploymentPaused(now.Wall, deployment.Status([]), TreesOf(deployment),
                deployment.Steps[deployment.CurrentStep]));
        }

        return pause.For is { } time && now.Clock >= deployment.HeldSince.Value.Clock + time;
    }

    private void Begin(ActiveDeployment deployment, ClockReading now)
    {
        Save(deployment);
        context.Publish(EventMessages.DeploymentInfo(now.Wall, deployment.Status([]), TreesOf(deployment),
            deployment.Steps[deployment.CurrentStep]));
        foreach (var app in deployment.Before.Keys) catalog.Touch(app);
    }

    private void Finish(ActiveDeployment deployment, ClockReading now)
    {
        Release(deployment);
        context.Effects.Counts.Add(new DeploymentCounted(DeploymentCounted.Success));
        context.Publish(EventMessages.DeploymentSucceeded(now.Wall, deployment.Status([]), TreesOf(deployment)));
    }

    private void Release(ActiveDeployment deployment)
    {
        _active.Remove(deployment);
        context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Deployment, deployment.Id), null);
        context.Effects.Delete(SchedulerKeys.Deployment(deployment.Id));
        foreach (var app in deployment.Before.Keys)
        {
            if (!catalog.Apps.TryGetValue(app, out var entry)) continue;
            entry.Deployment = null;
            readiness.Forget(app);
            ClearMoves(entry);
            catalog.Touch(app);
        }
    }

    /// <summary>A deployment that ends before its moves are made: the instances stay.</summary>
    private void ClearMoves(AppEntry entry)
    {
        foreach (var instance in entry.Instances.Values.Where(instance => instance.Moves).ToList())
            tracker.Put(entry, instance with { Moves = false });
    }
}
