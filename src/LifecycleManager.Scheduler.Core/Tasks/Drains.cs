using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>
/// Which instances are drained before they are killed, and for how long: those of apps with the label <c>lcm.drain</c> that may
/// have work. What is coming up, not ready, known to be unhealthy, already being killed, or out of reach has none.
/// </summary>
internal static class Drains
{
    /// <summary>How an instance that is to end is drained; null where it is not.</summary>
    public static Drain? Of(AppEntry entry, Instance instance, ClockReading now)
    {
        // By what is wanted of the app now: who adds the label in a change means the instances that the change ends.
        if (instance is not { State: InstanceState.Running, Ready: true } || instance.Healthy == false) return null;
        var definition = entry.Record.Definition;
        var labels = definition.Containers is [(_, var container), ..] ? container.Labels : definition.Labels;
        return DrainLabel.TryParse(labels.GetValueOrDefault(DrainLabel.Name), out var time)
            && time > TimeSpan.Zero ? new Drain(now.Clock, time) : null;
    }
}
