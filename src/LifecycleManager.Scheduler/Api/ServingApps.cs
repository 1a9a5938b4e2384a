using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Snapshots;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What runs, for those who tell others where it is.</summary>
public sealed class ServingApps
{
    private readonly SchedulerService _scheduler;

    internal ServingApps(SchedulerService scheduler) => _scheduler = scheduler;

    /// <summary>
    /// Apps with their instances as their tasks, as <c>/v2/tasks</c> shows them. A snapshot; callable from any thread.
    /// </summary>
    /// <param name="wanted">Which apps, by their labels.</param>
    /// <returns>Null while this scheduler does not lead.</returns>
    public IReadOnlyList<App>? Read(Func<IReadOnlyDictionary<string, string>, bool> wanted)
    {
        var snapshot = _scheduler.Snapshot;
        return !snapshot.Leader.IsLeading ? null
            : [.. snapshot.Apps.Values.Where(status => wanted(status.Definition.Labels)).Select(Of)];
    }

    private static App Of(AppStatus status) => status.Definition.Wire with { Tasks = [.. TaskView.Tasks(status)] };
}
