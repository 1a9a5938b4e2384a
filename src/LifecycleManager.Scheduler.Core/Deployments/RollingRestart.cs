using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>
/// Replaces instances by those of a new version within the upgrade strategy. Decided anew from what there is each time something
/// changes, so that a restart of the scheduler in the middle changes nothing. At every moment:
/// ending an instance that is up leaves at least <see cref="MinimumHealthy"/> up, and a launch never brings the instances that
/// exist, those still ending included, above <see cref="Capacity"/>.
/// </summary>
internal static class RollingRestart
{
    // Shares are decimal fractions in binary: 10 * 0.3 must not round up to 4.
    private const double Slack = 1e-9;

    /// <summary>The least number of instances that must be up.</summary>
    public static int MinimumHealthy(int count, double minimumHealthCapacity) =>
        (int)Math.Ceiling((count * minimumHealthCapacity) - Slack);

    /// <summary>
    /// The greatest number of instances; one more than the count where otherwise nothing could ever be replaced.
    /// </summary>
    public static int Capacity(int count, double minimumHealthCapacity, double maximumOverCapacity)
    {
        var capacity = (int)Math.Min(int.MaxValue, Math.Floor((count * (1 + maximumOverCapacity)) + Slack));
        return capacity <= count && MinimumHealthy(count, minimumHealthCapacity) >= count ? count + 1 : capacity;
    }

    /// <summary>Decides.</summary>
    public static AppDecision Decide(
        int count, double minimumHealthCapacity, double maximumOverCapacity, KillSelection selection,
        IReadOnlyCollection<InstanceView> instances)
    {
        var minimum = MinimumHealthy(count, minimumHealthCapacity);
        var capacity = Capacity(count, minimumHealthCapacity, maximumOverCapacity);
        var oldOnes = instances.Where(view => view is { IsActive: true, IsNew: false }).ToList();
        var newOnes = instances.Where(view => view is { IsActive: true, IsNew: true }).ToList();

        var up = instances.Count(view => view is { IsActive: true, IsUp: true });
        var active = oldOnes.Count + newOnes.Count;
        var kill = new List<string>();

        // Too many new ones: the count was lowered while they came up.
        foreach (var view in KillOrder.Choose(newOnes, newOnes.Count - count, selection))
        {
            if (view.IsUp && up <= minimum) break;
            if (view.IsUp) up--;
            active--;
            kill.Add(view.TaskId);
        }

        var newEnough = newOnes.Count >= count && newOnes.All(view => view.IsUp);
        foreach (var view in KillOrder.Sort(oldOnes, selection))
        {
            var may = newEnough || (view.IsUp ? up > minimum : view.IsExpendable ? active > minimum : up >= minimum);
            if (!may) continue;
            if (view.IsUp) up--;
            active--;
            kill.Add(view.TaskId);
        }

        var existing = instances.Count(view => view.Occupies);
        var launch = Math.Max(0, Math.Min(count - newOnes.Count, capacity - existing));
        var complete = newOnes.Count == count && newEnough && kill.Count == 0 && oldOnes.Count == 0
            && !instances.Any(view => !view.IsActive && view.Occupies);
        return new AppDecision(launch, kill, complete);
    }
}
