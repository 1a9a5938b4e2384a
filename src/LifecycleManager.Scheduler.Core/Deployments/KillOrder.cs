using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>
/// Which instances end first when fewer are wanted, Marathon's order: those whose agent is silent, the unhealthy, those that are
/// not yet up, then the running ones by the app's kill selection; among running ones those in the fullest group of a spreading
/// constraint, so that the rest stays spread.
/// </summary>
internal static class KillOrder
{
    /// <summary>The instances to end.</summary>
    /// <param name="candidates">Instances that may end.</param>
    /// <param name="count">How many; no more than there are.</param>
    /// <param name="selection">Among running ones.</param>
    public static IReadOnlyList<InstanceView> Choose(IEnumerable<InstanceView> candidates, int count, KillSelection selection)
    {
        if (count <= 0) return [];
        var left = Sort(candidates, selection);
        if (left.All(view => view.Group is null)) return [.. left.Take(count)];

        var sizes = left.Where(view => view.Group is not null).CountBy(view => view.Group!).ToDictionary();
        var chosen = new List<InstanceView>();
        while (chosen.Count < count && left.Count > 0)
        {
            var worst = left[0].Rank;
            var at = 0;
            for (var index = 1; index < left.Count && left[index].Rank == worst; index++)
                if (Size(left[index]) > Size(left[at])) at = index;
            var view = left[at];
            left.RemoveAt(at);
            if (view.Group is not null) sizes[view.Group]--;
            chosen.Add(view);
        }

        return chosen;

        int Size(InstanceView view) => view.Group is null ? 0 : sizes[view.Group];
    }

    /// <summary>In the order of ending, without regard to groups.</summary>
    public static List<InstanceView> Sort(IEnumerable<InstanceView> candidates, KillSelection selection)
    {
        var byRank = candidates.OrderBy(view => view.Rank);
        var byAge = selection == KillSelection.OldestFirst
            ? byRank.ThenBy(view => view.Staged)
            : byRank.ThenByDescending(view => view.Staged);
        return [.. byAge.ThenBy(view => view.TaskId, StringComparer.Ordinal)];
    }
}
