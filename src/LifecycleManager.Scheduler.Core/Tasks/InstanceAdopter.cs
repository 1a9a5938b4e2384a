using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>Takes stored instances over, each under its app.</summary>
internal sealed class InstanceAdopter(CoreContext context, AppCatalog catalog, SetAside aside, InstanceTracker tracker,
    HealthTracker health)
{
    public void Adopt(Instance instance)
    {
        if (aside.Holds(instance.AppId))
        {
            aside.Remember(instance);
            return;
        }

        if (!catalog.Apps.TryGetValue(instance.AppId, out var entry))
        {
            // Nothing is known of what it runs any more: as a stray of the master's it will be ended.
            context.Effects.Delete(SchedulerKeys.Instance(instance.TaskId));
            return;
        }

        if (instance.IsWithoutRecord && entry.Record.Definition is { IsPod: true } pod)
            instance =
                instance with
                {
                    Tasks = [.. pod.Containers.Select(one =>
                    new PodTask(one.Name, InstanceState.Running, instance.Since))]
                };
        var definition = entry.DefinitionOf(instance.Version);
        var restored = HealthTracker.Restore(instance, definition);
        tracker.Put(entry, restored, store: false);
        if (restored.State == InstanceState.Running) health.Watch(restored, definition);
    }
}
