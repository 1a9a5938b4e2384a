using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <content>Maintenance: machines are not offered while they are to be away, and offers say when that is.</content>
internal sealed partial class MasterCore
{
    private MaintenanceSchedule _schedule = new();
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);
    private HashSet<MaintenanceWindow> _open = [];
    private Deadline<Action>? _maintenance;

    /// <summary>The schedule as it is.</summary>
    public MaintenanceSchedule Schedule => _schedule;

    /// <summary>UPDATE_MAINTENANCE_SCHEDULE: replaces the schedule.</summary>
    public Task<OperatorResult> UpdateSchedule(MaintenanceSchedule schedule)
    {
        if (MaintenanceWindows.Problem(schedule) is { } problem) return OperatorResult.Invalid(problem);
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var value = JsonSerializer.SerializeToUtf8Bytes(schedule, RegistryJson.Default.MaintenanceSchedule);
        _registry.Commit(
            [new StateWrite(RegistryKeys.Maintenance, value)],
            () =>
            {
                _schedule = schedule;
                WakeForMaintenance();

                // What was offered does not say what is planned now.
                foreach (var agent in _agents.Values.Where(agent => WindowOf(agent) is not null)) RescindAll(agent);
                MarkAllDirty();
                done.SetResult(OperatorResult.Done);
            },
            cause => done.SetResult(OperatorResult.Unavailable(cause)));
        return done.Task;
    }

    private MaintenanceWindow? WindowOf(Agent agent) => MaintenanceWindows.Of(_schedule, agent.Info.Hostname);

    private Unavailability? UnavailabilityOf(Agent agent) => WindowOf(agent)?.Unavailability;

    private bool IsInMaintenance(Agent agent) => WindowOf(agent) is { } window && _open.Contains(window);

    // Windows are the wall clock's, which may be set: it is looked at from time to time, and never far ahead.
    private void WakeForMaintenance()
    {
        _maintenance?.Cancel();
        if (_schedule.Windows is not { Count: > 0 }) _open = [];
        else
        {
            var now = Now;
            var open = MaintenanceWindows.Open(_schedule, now);
            var hasChanged = !open.SetEquals(_open);
            _open = open;
            if (hasChanged)
            {
                foreach (var agent in _agents.Values.Where(IsInMaintenance)) RescindAll(agent);
                MarkAllDirty();
            }

            var next = MaintenanceWindows.NextChange(_schedule, now) - now;
            _maintenance = _loop.After(next < LongestLook ? next : LongestLook, WakeForMaintenance);
        }
    }
}
