using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Requests to end instances, for good or to be replaced.</summary>
internal sealed class KillHandler(CoreContext context, AppCatalog catalog, InstanceTracker tracker, ChangeHandler changes)
{
    public KillReceipt Kill(KillRequest request, ClockReading now)
    {
        var instances = request.TaskIds.Distinct()
            .Where(tracker.AppOf.ContainsKey)
            .Select(id => tracker.AppOf[id].Instances[id])
            .ToList();
        DeploymentReceipt? receipt = null;
        if (request.Options.Scale)
        {
            var fewer = instances.Where(instance => instance.IsActive).CountBy(instance => instance.AppId).ToDictionary();
            if (fewer.Count > 0)
            {
                receipt = changes.Change(
                    root => GroupTree.With(root, fewer
                        .Where(app => catalog.Apps[app.Key] is { IsRemoved: false })
                        .ToDictionary(app => app.Key, app => (AppDefinition?)Fewer(catalog.Apps[app.Key].Record.Definition,
                            app.Value))),
                    new ChangeOptions(request.Options.Force, "instances were ended for good") { OrdersCount = _ => true },
                    restart: [],
                    now);
            }
        }

        foreach (var instance in instances)
        {
            var entry = tracker.AppOf[instance.TaskId];
            if (request.Options.Wipe && instance.State.IsUnreachable())
            {
                tracker.Forget(entry, instance.TaskId);
                context.Publish(EventMessages.InstanceChanged(now.Wall,
                    instance with { State = InstanceState.Gone, Since = now.Wall }));
            }
            else
            {
                tracker.End(entry, instance, now, request.Options.Force,
                    returns: request.Options is { Scale: false, Wipe: false });
            }
        }

        return new KillReceipt(instances, receipt);

        static AppDefinition Fewer(AppDefinition app, int by) => app.WithInstances(Math.Max(0, app.Instances - by));
    }
}
