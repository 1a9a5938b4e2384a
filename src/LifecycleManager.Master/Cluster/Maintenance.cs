using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <summary>Maintenance: machines are not offered while they are to be away, and offers say when that is.</summary>
internal sealed class Maintenance(
    ClusterServices services, AgentTable agents, AllocationQueue allocations, MaintenancePlan plan, OfferTable offers)
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private Deadline<Action>? _timer;

    /// <summary>Takes over what is stored.</summary>
    public void Recover(MaintenanceSchedule? stored)
    {
        plan.Schedule = stored ?? new MaintenanceSchedule();
        WakeForMaintenance();
    }

    /// <summary>UPDATE_MAINTENANCE_SCHEDULE: replaces the schedule.</summary>
    public Task<OperatorResult> UpdateSchedule(MaintenanceSchedule schedule)
    {
        if (MaintenanceWindows.Problem(schedule) is { } problem) return OperatorResult.Invalid(problem);
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var value = JsonSerializer.SerializeToUtf8Bytes(schedule, RegistryJson.Default.MaintenanceSchedule);
        services.Commit(
            [new StateWrite(RegistryKeys.Maintenance, value)],
            () =>
            {
                plan.Schedule = schedule;
                WakeForMaintenance();

                // What was offered does not say what is planned now.
                foreach (var agent in agents.Registered.Values.Where(agent => plan.WindowOf(agent) is not null))
                    offers.RescindAll(agent);
                allocations.MarkAllDirty();
                done.SetResult(OperatorResult.Done);
            },
            cause => done.SetResult(OperatorResult.Unavailable(cause)));
        return done.Task;
    }

    // Windows are the wall clock's, which may be set: it is looked at from time to time, and never far ahead.
    private void WakeForMaintenance()
    {
        _timer?.Cancel();
        if (plan.Schedule.Windows is not { Count: > 0 }) plan.Update([]);
        else
        {
            var now = services.Now;
            var open = MaintenanceWindows.Open(plan.Schedule, now);
            if (plan.Update(open))
            {
                foreach (var agent in agents.Registered.Values.Where(plan.IsInMaintenance)) offers.RescindAll(agent);
                allocations.MarkAllDirty();
            }

            var next = MaintenanceWindows.NextChange(plan.Schedule, now) - now;
            _timer = services.Loop.After(next < MaxWait ? next : MaxWait, WakeForMaintenance);
        }
    }
}
