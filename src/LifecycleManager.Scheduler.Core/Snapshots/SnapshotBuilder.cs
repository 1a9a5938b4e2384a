using System.Collections.Immutable;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Execution;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Snapshots;

/// <summary>Makes snapshots: what changed is shown anew, the rest is shared with the snapshot before.</summary>
internal sealed class SnapshotBuilder(
    CoreContext context, AppCatalog catalog, SetAside aside, MasterSubscription connection, DeploymentTracker deployments,
    WaitingLaunches queue, ReadinessAnswers readiness)
{
    private ImmutableDictionary<AppId, AppStatus> _shown = ImmutableDictionary<AppId, AppStatus>.Empty;
    private ImmutableDictionary<string, Instance> _shownInstances = ImmutableDictionary<string, Instance>.Empty;

    /// <summary>The apps that the last snapshot showed anew, and whether each is still there.</summary>
    public IReadOnlyList<AppId> LastShown { get; private set; } = [];

    /// <summary>Everything as it is now.</summary>
    public SchedulerSnapshot Show(LeaderStatus leader, ClockReading settled)
    {
        var stale = catalog.TakeStale();
        LastShown = stale;
        if (stale.Count > 0)
        {
            var apps = _shown.ToBuilder();
            var instances = _shownInstances.ToBuilder();
            foreach (var id in stale)
            {
                if (apps.TryGetValue(id, out var before))
                    foreach (var instance in before.Instances) instances.Remove(instance.TaskId);
                if (!catalog.Apps.TryGetValue(id, out var entry))
                {
                    apps.Remove(id);
                    continue;
                }

                apps[id] = ShowApp(entry);
                foreach (var instance in entry.Instances.Values) instances[instance.TaskId] = instance;
            }

            (_shown, _shownInstances) = (apps.ToImmutable(), instances.ToImmutable());
        }

        return new SchedulerSnapshot
        {
            Root = catalog.Root,
            Apps = _shown,
            Instances = _shownInstances,
            Deployments = [.. deployments.Active.Select(deployment => deployment.Status(
                [.. deployment.Before.Keys.SelectMany(app => readiness.Of(app))]))],
            Queue = [.. queue.Show(settled)],
            Framework = new FrameworkStatus(connection.FrameworkId, connection.IsConnected,
                connection.Master?.GetLeftPart(UriPartial.Authority)),
            Leader = leader,
            Unreadable = aside.Shown,
        };
    }

    private AppStatus ShowApp(AppEntry entry)
    {
        int staged = 0, running = 0, healthy = 0, unhealthy = 0;
        foreach (var instance in entry.Instances.Values)
        {
            if (instance.Goal == InstanceGoal.Ended) continue;
            if (instance.State.IsComingUp()) staged++;
            if (instance.State != InstanceState.Running) continue;
            running++;
            if (instance.Healthy == true) healthy++;
            else if (instance.Healthy == false) unhealthy++;
        }

        return new AppStatus
        {
            Definition = entry.Record.Definition,
            IsRemoved = entry.IsRemoved,
            LastScalingAt = entry.Record.LastScalingAt,
            LastConfigChangeAt = entry.Record.LastConfigChangeAt,
            Instances = [.. entry.Instances.Values.OrderBy(instance => instance.Staged)
                .ThenBy(instance => instance.TaskId, StringComparer.Ordinal)],
            DeploymentIds = entry.Deployment is { } deployment ? [deployment.Id] : [],
            Serving = entry.Deployment?.HasSwitched(entry.Id) is { } switched ? (entry.Record.LastConfigChangeAt, !switched)
                : null,
            LastFailure = entry.LastFailure,
            Staged = staged,
            Running = running,
            Healthy = healthy,
            Unhealthy = unhealthy,
            Versions = entry.Record.Versions,
            CountOwner = entry.Record.CountOwner,
            IsSuspended = entry.Record.IsSuspended,
            CreatedAt = entry.Record.CreatedAt,
            NotAdmitted = context.Admission.WhyNot(entry.Record.Definition),
        };
    }
}
