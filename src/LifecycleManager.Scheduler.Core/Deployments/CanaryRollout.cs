using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>
/// Keeps a part of an app at the new version and the rest at the old one, within the upgrade strategy as
/// <see cref="RollingRestart"/>
/// does. Old instances that are lost meanwhile are launched as old ones: an unproven version gets no more than its part.
/// </summary>
internal static class CanaryRollout
{
    /// <summary>Decides.</summary>
    /// <param name="count">The wanted count, of both versions.</param>
    /// <param name="fresh">How many of them are of the new version.</param>
    /// <param name="minimumHealthCapacity">The upgrade strategy's.</param>
    /// <param name="maximumOverCapacity">The upgrade strategy's.</param>
    /// <param name="selection">The app's kill selection.</param>
    /// <param name="instances">All of its instances.</param>
    public static AppDecision Decide(
        int count,
        int fresh,
        double minimumHealthCapacity,
        double maximumOverCapacity,
        KillSelection selection,
        IReadOnlyCollection<InstanceView> instances)
    {
        if (fresh >= count) return RollingRestart.Decide(count, minimumHealthCapacity, maximumOverCapacity, selection, instances);
        var minimum = RollingRestart.MinimumHealthy(count, minimumHealthCapacity);
        var capacity = RollingRestart.Capacity(count, minimumHealthCapacity, maximumOverCapacity);
        var oldOnes = instances.Where(view => view is { IsActive: true, IsNew: false }).ToList();
        var newOnes = instances.Where(view => view is { IsActive: true, IsNew: true }).ToList();
        var up = oldOnes.Concat(newOnes).Count(view => view.IsUp);
        var active = oldOnes.Count + newOnes.Count;
        var kill = new List<string>();
        foreach (var view in KillOrder.Choose(newOnes, newOnes.Count - fresh, selection))
        {
            if (view.IsUp && up <= minimum) break;
            End(view);
        }

        // Until the new ones are up, as many old ones stay as the minimum needs; below that they are launched anew.
        var newUp = Math.Min(fresh, newOnes.Count(view => view.IsUp));
        var floor = Math.Max(count - fresh, minimum - newUp);
        var spare = oldOnes.Count - floor;
        foreach (var view in KillOrder.Sort(oldOnes, selection))
        {
            if (spare <= 0) break;
            if (!(view.IsUp ? up > minimum : view.IsExpendable ? active > minimum : up >= minimum)) continue;
            spare--;
            End(view);
        }

        var room = Math.Max(0, capacity - instances.Count(view => view.Occupies));
        var launchOld = Math.Clamp(floor - oldOnes.Count, 0, room);
        var launch = Math.Clamp(fresh - newOnes.Count, 0, room - launchOld);
        var complete = newOnes.Count == fresh && newUp == fresh && kill.Count == 0 && oldOnes.Count <= floor
            && !instances.Any(view => !view.IsActive && view.Occupies);
        return new AppDecision(launch, kill, complete) { LaunchOld = launchOld };

        void End(InstanceView view)
        {
            if (view.IsUp) up--;
            active--;
            kill.Add(view.TaskId);
        }
    }
}
