using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>
/// Room for what is more important: ends instances of apps of lower priority where a launch has waited for long.
/// </summary>
internal sealed class Preempter(
    CoreContext context, AppCatalog catalog, MasterSubscription connection, InstanceTracker tracker, WaitingLaunches queue,
    OfferMatcher offers)
{
    // The app for which each instance is ended.
    private readonly Dictionary<string, string> _preempted = new(StringComparer.Ordinal);

    public void Preempt(ClockReading now)
    {
        foreach (var ended in _preempted.Keys.Where(task => !tracker.AppOf.ContainsKey(task)).ToList()) _preempted.Remove(ended);
        if (queue.IsEmpty || !connection.IsConnected) return;
        var waiting = queue.Launchable(now).FirstOrDefault(launch =>
            now.Clock - launch.Since.Clock >= WaitingLaunches.LongWait && !_preempted.ContainsValue(launch.Entry.Id.Path)
            && IsAboveAnother(launch));
        if (waiting is null) return;

        var tenants = catalog.Apps.Values.SelectMany(Tenants).ToLookup(tenant => tenant.AgentId, StringComparer.Ordinal);
        var agents = tenants.Select(group => offers.LeftOver(group.First(), now)).ToList();
        var request = AppPlacement.Request(waiting.Record.Definition, 1, waiting.Entry.Instances.Values, queue.Neighbours(),
            context.Options.Placement);
        var spare = catalog.Apps.Values.ToDictionary(entry => entry.Id.Path, Spare, StringComparer.Ordinal);
        if (Preemption.Choose(request, waiting.Priority, agents, tenants, spare) is not { } victims) return;
        foreach (var taskId in victims)
        {
            _preempted[taskId] = waiting.Entry.Id.Path;
            tracker.End(tracker.AppOf[taskId], tracker.AppOf[taskId].Instances[taskId], now);
        }
    }

    private bool IsAboveAnother(WaitingLaunch launch)
    {
        var priority = launch.Priority;
        return catalog.Apps.Values.Any(other => other.Instances.Count > 0 && PriorityOf(other) < priority);
    }

    private static int PriorityOf(AppEntry entry) => PlacementLabels.Priority(entry.Record.Definition.Labels);

    private IEnumerable<Tenant> Tenants(AppEntry entry)
    {
        var priority = PriorityOf(entry);
        foreach (var instance in entry.Instances.Values)
        {
            if (!instance.IsActive || instance.State.IsUnreachable()
                || entry.DefinitionOf(instance.Version) is not { } definition) continue;
            yield return new Tenant(
                instance.TaskId, entry.Id.Path, instance.AgentId, priority,
                AppPlacement.Spec(definition, context.Options.Placement),
                [.. instance.Ports.OfType<int>()], instance.Staged);
        }
    }

    /// <summary>How many instances an app may lose; one that is being deployed, none.</summary>
    private static int Spare(AppEntry entry)
    {
        if (entry.Deployment is not null || entry.IsRemoved) return 0;
        var definition = entry.Record.Definition;
        var up = entry.Instances.Values.Count(instance =>
            InstanceView.Of(instance, entry.DefinitionOf(instance.Version), entry.Record.LastConfigChangeAt) is
            {
                IsActive: true,
                IsUp: true
            });
        return Math.Max(0, up - RollingRestart.MinimumHealthy(definition.Instances, definition.MinimumHealthCapacity));
    }
}
