using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;

namespace LifecycleManager.Scheduler.State.Core;

// Moving instances that would be better off elsewhere.
internal sealed partial class SchedulerCore
{
    /// <summary>
    /// Makes a deployment that replaces some instances, one app after another, each within its upgrade strategy. Nothing else about
    /// the apps changes; instances that are gone by now are left out.
    /// </summary>
    private DeploymentReceipt Rebalance(RebalanceRequest request, Moment now)
    {
        var moving = request.TaskIds.Distinct()
            .Where(_appOf.ContainsKey)
            .Select(id => (Entry: _appOf[id], Instance: _appOf[id].Instances[id]))
            .Where(one => one is { Entry.IsRemoved: false, Instance.IsActive: true })
            .ToList();
        var apps = moving.Select(one => one.Entry).Distinct().OrderBy(entry => entry.Id.Path, StringComparer.Ordinal).ToList();
        var locks = apps.Where(entry => entry.Deployment is not null).Select(entry => entry.Deployment!.Id).Distinct().ToList();
        if (locks.Count > 0) throw new AppLockedException(locks);
        foreach (var (entry, instance) in moving) Put(entry, instance with { Moves = true });

        var deployment = new ActiveDeployment
        {
            Id = NewId(),
            Version = _root.Version,
            Created = now with { Wall = Instants.Truncate(now.Wall) },
            Reason = "rebalance",
            Steps = [.. apps.Select(entry => new DeploymentStep([new DeploymentAction(DeploymentActionKind.RestartApplication, entry.Id, IsPod: entry.Record.Definition.IsPod)]))],
            Before = apps.ToDictionary(entry => entry.Id, entry => (AppRecord?)entry.Record),
        };
        if (apps.Count > 0)
        {
            deployment.BeginStep();
            _deployments.Add(deployment);
            StartStep(deployment, now);
            foreach (var entry in apps) entry.Deployment = deployment;
            Begin(deployment, now);
        }

        return new DeploymentReceipt(deployment.Id, deployment.Version, _root);
    }

    /// <summary>A deployment that ends before its moves are made: the instances stay.</summary>
    private void StayAll(AppEntry entry)
    {
        foreach (var instance in entry.Instances.Values.Where(instance => instance.Moves).ToList()) Put(entry, instance with { Moves = false });
    }
}
