using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <summary>Maintenance: machines are not offered while they are to be away, and offers say when that is.</summary>
internal sealed class Maintenance(
    ClusterServices services, AgentTable agents, AllocationQueue allocations, MaintenancePlan plan, OfferTable offers)
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);

    private readonly ClusterServices _services = services;
    private readonly AgentTable _agents = agents;
    private readonly AllocationQueue _allocations = allocations;
    private readonly MaintenancePlan _plan = plan;
    private readonly OfferTable _offers = offers;

    private Deadline<Action>? _timer;

    /// <summary>Takes over what is stored.</summary>
    public void Recover(MaintenanceSchedule? stored)
    {
        _plan.Schedule = stored ?? new MaintenanceSchedule();
        WakeForMaintenance();
    }

    /// <summary>UPDATE_MAINTENANCE_SCHEDULE: replaces the schedule.</summary>
    public Task<OperatorResult> UpdateSchedule(MaintenanceSchedule schedule)
    {
        if (MaintenanceWindows.Problem(schedule) is { } problem) return OperatorResult.Invalid(problem);
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var value = JsonSerializer.SerializeToUtf8Bytes(schedule, RegistryJson.Default.MaintenanceSchedule);
        _services.Registry.Commit(
            [new StateWrite(RegistryKeys.Maintenance, value)],
            () =>
            {
                _plan.Schedule = schedule;
                WakeForMaintenance();

                // What was offered does not say what is planned now.
                foreach (var agent in _agents.Registered.Values.Where(agent => _plan.WindowOf(agent) is not null))
                    _offers.RescindAll(agent);
                _allocations.MarkAllDirty();
                done.SetResult(OperatorResult.Done);
            },
            cause => done.SetResult(OperatorResult.Unavailable(cause)));
        return done.Task;
    }

    // Windows are the wall clock's, which may be set: it is looked at from time to time, and never far ahead.
    private void WakeForMaintenance()
    {
        _timer?.Cancel();
        if (_plan.Schedule.Windows is not { Count: > 0 }) _plan.Update([]);
        else
        {
            var now = _services.Now;
            var open = MaintenanceWindows.Open(_plan.Schedule, now);
            if (_plan.Update(open))
            {
                foreach (var agent in _agents.Registered.Values.Where(_plan.IsInMaintenance)) _offers.RescindAll(agent);
                _allocations.MarkAllDirty();
            }

            var next = MaintenanceWindows.NextChange(_plan.Schedule, now) - now;
            _timer = _services.Loop.After(next < LongestLook ? next : LongestLook, WakeForMaintenance);
        }
    }
}
