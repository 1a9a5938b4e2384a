using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Moves instances that would be better off elsewhere.</summary>
internal sealed class Rebalancer(CoreContext context, AppCatalog catalog, InstanceTracker tracker, DeploymentTracker deployments)
{
    /// <summary>
    /// Makes a deployment that replaces some instances, one app after another, each within its upgrade strategy. Nothing else
    /// about the apps changes; instances that are gone by now are left out.
    /// </summary>
    public DeploymentReceipt Rebalance(RebalanceRequest request, ClockReading now)
    {
        var moving = request.TaskIds.Distinct()
            .Where(tracker.AppOf.ContainsKey)
            .Select(id => (Entry: tracker.AppOf[id], Instance: tracker.AppOf[id].Instances[id]))
            .Where(one => one is { Entry.IsRemoved: false, Instance.IsActive: true }
                && context.Admission.Problems(one.Entry.Record.Definition).Count == 0)
            .ToList();
        var apps = moving.Select(one => one.Entry).Distinct().OrderBy(entry => entry.Id.Path, StringComparer.Ordinal).ToList();
        var locks = apps.Where(entry => entry.Deployment is not null).Select(entry => entry.Deployment!.Id).Distinct().ToList();
        if (locks.Count > 0) throw new AppLockedException(locks);
        foreach (var (entry, instance) in moving) tracker.Put(entry, instance with { Moves = true });

        var deployment = new ActiveDeployment
        {
            Id = context.NewGuid().ToString("D"),
            Version = catalog.Root.Version,
            Created = now with { Wall = Timestamps.Truncate(now.Wall) },
            Reason = "rebalance",
            Steps = [.. apps.Select(entry => new PlannedStep(
                [new PlannedAction(DeploymentActionKind.RestartApplication, entry.Id, IsPod: entry.Record.Definition.IsPod)]))],
            Before = apps.ToDictionary(entry => entry.Id, entry => (AppRecord?)entry.Record),
        };
        if (apps.Count > 0) deployments.Start(deployment, now);
        return new DeploymentReceipt(deployment.Id, deployment.Version, catalog.Root);
    }
}
