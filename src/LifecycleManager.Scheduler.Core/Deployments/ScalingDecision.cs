using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>What to do about one app at one moment.</summary>
/// <param name="Launch">Instances to launch as soon as offers allow.</param>
/// <param name="Kill">Instances to end now, by task id.</param>
/// <param name="IsComplete">Nothing is left to do or to wait for.</param>
internal sealed record AppDecision(int Launch, IReadOnlyList<string> Kill, bool IsComplete)
{
    /// <summary>Instances of the version before to launch, in a rollout that keeps some of it; they come first.</summary>
    public int LaunchOld { get; init; }
}

/// <summary>Keeps an app at its count: what is lost is replaced, what is too much ends.</summary>
internal static class Scaling
{
    /// <summary>Decides.</summary>
    /// <param name="count">The wanted count.</param>
    /// <param name="selection">The app's kill selection.</param>
    /// <param name="instances">All of its instances.</param>
    /// <param name="since">Instances launched from then on must be up for the decision to be complete; older ones need only be
    /// there.</param>
    public static AppDecision Decide(int count, KillSelection selection, IReadOnlyCollection<InstanceView> instances,
        ClockReading since)
    {
        var active = instances.Where(view => view.IsActive).ToList();
        if (active.Count < count) return new AppDecision(count - active.Count, [], false);
        if (active.Count > count)
            return new AppDecision(0, [.. KillOrder.Choose(active, active.Count - count, selection).Select(view => view.TaskId)],
                false);
        var ending = instances.Any(view => !view.IsActive && view.Occupies);
        return new AppDecision(0, [], !ending && active.All(view => view.IsUp || view.Staged < since));
    }
}
