using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <content>Maintenance: machines are not offered while they are to be away, and offers say when that is.</content>
internal sealed partial class MasterCore
{
    private MaintenanceSchedule _schedule = new();
    private Deadline<Action>? _maintenance;

    /// <summary>The schedule as it is.</summary>
    public MaintenanceSchedule Schedule => _schedule;

    /// <summary>UPDATE_MAINTENANCE_SCHEDULE: replaces the schedule.</summary>
    public Task<OperatorResult> UpdateSchedule(MaintenanceSchedule schedule)
    {
        if (ScheduleProblem(schedule) is { } problem) return OperatorResult.Invalid(problem);
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

    private static string? ScheduleProblem(MaintenanceSchedule schedule)
    {
        var seen = new HashSet<MachineId>();
        foreach (var window in schedule.Windows ?? [])
        {
            if (window?.MachineIds is not { Count: > 0 }) return "List of machines in the maintenance window is empty";
            if (window.Unavailability?.Start is null) return "'unavailability.start' of a window is missing";
            if (window.Unavailability.Duration?.Nanoseconds < 0) return "Unavailability 'duration' is negative";
            foreach (var machine in window.MachineIds)
            {
                if (string.IsNullOrEmpty(machine?.Hostname) && string.IsNullOrEmpty(machine?.Ip)) return "Both 'hostname' and 'ip' for a machine are empty";
                if (!seen.Add(machine)) return $"Machine '{machine.Hostname ?? machine.Ip}' appears more than once in the schedule";
            }
        }

        return null;
    }

    private MaintenanceWindow? WindowOf(Agent agent)
    {
        foreach (var window in _schedule.Windows ?? [])
        {
            foreach (var machine in window.MachineIds)
            {
                if (machine.Hostname == agent.Info.Hostname || (machine.Ip is not null && machine.Ip == agent.Info.Hostname)) return window;
            }
        }

        return null;
    }

    private Unavailability? UnavailabilityOf(Agent agent) => WindowOf(agent)?.Unavailability;

    private bool IsInMaintenance(Agent agent)
    {
        if (WindowOf(agent)?.Unavailability is not { } away) return false;
        var (start, end) = Bounds(away);
        return Now >= start && Now < end;
    }

    private static (DateTimeOffset Start, DateTimeOffset End) Bounds(Unavailability away)
    {
        var start = DateTimeOffset.UnixEpoch.AddTicks(away.Start.Nanoseconds / 100);
        return (start, away.Duration is { } duration ? start.Plus(duration.ToTimeSpan()) : DateTimeOffset.MaxValue);
    }

    // Looks again when the next window begins or ends.
    private void WakeForMaintenance()
    {
        _maintenance?.Cancel();
        var next = (_schedule.Windows ?? []).Select(window => Bounds(window.Unavailability))
            .SelectMany(bounds => new[] { bounds.Start, bounds.End }).Where(time => time > Now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
        if (next == DateTimeOffset.MaxValue) return;
        _maintenance = _loop.After(next - Now, () =>
        {
            foreach (var agent in _agents.Values.Where(IsInMaintenance)) RescindAll(agent);
            MarkAllDirty();
            WakeForMaintenance();
        });
    }
}
