using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Requests about a deployment under way: cancel, pause, resume, promote.</summary>
internal sealed class DeploymentControl(
    CoreContext context, AppCatalog catalog, SetAside aside, DeploymentTracker deployments, Rollbacks rollbacks)
{
    public DeploymentReceipt? Cancel(string id, bool force, ClockReading now)
    {
        if (force && aside.HoldsDeployment(id))
        {
            aside.ReleaseDeployment(id);
            context.Effects.Delete(SchedulerKeys.Deployment(id));
            return null;
        }

        var deployment = Find(id);
        if (force)
        {
            deployments.Fail(deployment, "canceled", now);
            return null;
        }

        rollbacks.CheckAdmission(deployment);
        return rollbacks.RollBack(deployment, $"rollback of deployment {id}", now);
    }

    public DeploymentStatus Steer(SteerRequest steer, ClockReading now)
    {
        var deployment = Find(steer.Id);
        switch (steer.Word)
        {
            case DeploymentSteering.Pause:
                if (deployment.Frozen is not null) throw new DeploymentStateException(steer.Id, "is paused already");
                deployment.Frozen = deployment.Before.Keys.Where(catalog.Apps.ContainsKey)
                    .ToDictionary(app => app, app => catalog.Apps[app].Instances.Values
                    .Count(instance => instance.IsActive && instance.ConfigVersion
                        == catalog.Apps[app].Record.LastConfigChangeAt));
                break;
            case DeploymentSteering.Resume when deployment.Frozen is null:
                throw new DeploymentStateException(steer.Id, "is not paused");
            case DeploymentSteering.Resume:
                Unpause(deployment, now);
                break;
            default:
                Promote(deployment, steer, now);
                break;
        }

        foreach (var app in deployment.Before.Keys) catalog.Touch(app);
        if (deployments.Active.Contains(deployment)) deployments.Save(deployment);
        return deployment.Status([]);
    }

    private void Promote(ActiveDeployment deployment, SteerRequest steer, ClockReading now)
    {
        var full = steer.Word == DeploymentSteering.PromoteFull;
        if (deployment.HeldSince is null && deployment.Frozen is null && !(full && deployment.IsAtStage))
        {
            throw new DeploymentStateException(steer.Id, deployment is { IsAtStage: true, Pending.Count: > 0 }
                ? $"is not ready: {string.Join(", ", deployment.Pending.Select(app => app.Path))} is not complete and healthy yet"
                : "is not waiting to be promoted");
        }

        if (full && deployment.IsBlueGreen && deployment.Pending.Count > 0 && !steer.Force)
            throw new DeploymentStateException(steer.Id, "is not ready: the new version is not complete and healthy yet");
        deployment.MayPass = deployment.HeldSince is not null;
        deployment.IsPromoted |= full;
        if (deployment.Frozen is not null) Unpause(deployment, now);
    }

    // The time for which it stood still is not held against it.
    private void Unpause(ActiveDeployment deployment, ClockReading now)
    {
        deployment.Frozen = null;
        deployments.StartStep(deployment, now);
    }

    private ActiveDeployment Find(string id) => deployments.Find(id)
        ?? throw (aside.Shown.Deployments.TryGetValue(id, out var reason)
            ? UnreadableStateException.Deployment(id, reason) : new DeploymentNotFoundException(id));
}
