using System.Collections.Immutable;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.State.Core;

// Snapshots: what changed is shown anew, the rest is shared with the snapshot before.
internal sealed partial class SchedulerCore
{
    private ImmutableDictionary<AppId, AppStatus> _shown = ImmutableDictionary<AppId, AppStatus>.Empty;
    private ImmutableDictionary<string, Instance> _shownInstances = ImmutableDictionary<string, Instance>.Empty;

    /// <summary>The apps that the last snapshot showed anew, and whether each is still there.</summary>
    public IReadOnlyList<AppId> LastShown { get; private set; } = [];

    /// <summary>Everything as it is now.</summary>
    public SchedulerSnapshot Show(LeaderStatus leader)
    {
        LastShown = [.. _stale];
        if (_stale.Count > 0)
        {
            var apps = _shown.ToBuilder();
            var instances = _shownInstances.ToBuilder();
            foreach (var id in _stale)
            {
                if (apps.TryGetValue(id, out var before))
                    foreach (var instance in before.Instances) instances.Remove(instance.TaskId);
                if (!_apps.TryGetValue(id, out var entry))
                {
                    apps.Remove(id);
                    continue;
                }

                apps[id] = Show(entry);
                foreach (var instance in entry.Instances.Values) instances[instance.TaskId] = instance;
            }

            _stale.Clear();
            (_shown, _shownInstances) = (apps.ToImmutable(), instances.ToImmutable());
        }

        return new SchedulerSnapshot
        {
            Root = _root,
            Apps = _shown,
            Instances = _shownInstances,
            Deployments = [.. _deployments.Select(deployment => deployment.Status(
                [.. deployment.Before.Keys.SelectMany(app => _apps.TryGetValue(app, out var entry) ? entry.Readiness.Values.ToArray() : [])]))],
            Queue = [.. _waiting.Select(app => _apps[app]).OrderBy(entry => entry.Id.Path, StringComparer.Ordinal).Select(ShowQueue)],
            Framework = new FrameworkStatus(_frameworkId, IsConnected, Master?.GetLeftPart(UriPartial.Authority)),
            Leader = leader,
            Unreadable = _aside.Shown,
        };
    }

    private static AppStatus Show(AppEntry entry)
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
            Instances = [.. entry.Instances.Values.OrderBy(instance => instance.Staged).ThenBy(instance => instance.TaskId, StringComparer.Ordinal)],
            DeploymentIds = entry.Deployment is { } deployment ? [deployment.Id] : [],
            Serving = entry.Deployment?.HasSwitched(entry.Id) is { } switched ? (entry.Record.LastConfigChangeAt, !switched) : null,
            LastFailure = entry.LastFailure,
            Staged = staged,
            Running = running,
            Healthy = healthy,
            Unhealthy = unhealthy,
            Versions = entry.Record.Versions,
            CountOwner = entry.Record.CountOwner,
        };
    }

    private LaunchQueueItem ShowQueue(AppEntry entry)
    {
        var waiting = entry.Waiting!;
        var until = DelayedUntil(entry);
        return new LaunchQueueItem
        {
            Definition = waiting.Record.Definition,
            Count = waiting.Count,
            Since = waiting.Since.Wall,
            DelayedUntil = until == default ? null : _settled.Wall.Plus(until - _settled.Clock),
            ProcessedOffers = waiting.Processed,
            UnusedOffers = waiting.Unused,
            LastUnusedOfferAt = waiting.LastUnusedAt,
            LastUsedOfferAt = waiting.LastUsedAt,
            LastOffers = Cascade(waiting.LastRound.Processed, waiting.LastRound.Refused),
            Attempt = Cascade(waiting.Processed, waiting.RefusedInAll),
            LastRefused = [.. waiting.LastRefused.Values.OrderByDescending(refusal => refusal.At)],
        };
    }

    // Each check sees what the ones before it let through.
    private static RefusalCount[] Cascade(int processed, int[] refused)
    {
        var counts = new RefusalCount[refused.Length];
        for (var reason = 0; reason < refused.Length; reason++)
        {
            counts[reason] = new RefusalCount(Refusals.Order[reason].ToString(), refused[reason], processed);
            processed -= refused[reason];
        }

        return counts;
    }
}
