using LifecycleManager.Master.Registry;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What a maintenance schedule says. Pure.</summary>
internal static class MaintenanceWindows
{
    /// <summary>What is wrong with a schedule, or null.</summary>
    public static string? Problem(MaintenanceSchedule schedule)
    {
        var seen = new HashSet<MachineId>();
        foreach (var window in schedule.Windows ?? [])
        {
            if (window?.MachineIds is not { Count: > 0 }) return "List of machines in the maintenance window is empty";
            if (window.Unavailability?.Start is null) return "'unavailability.start' of a window is missing";
            if (window.Unavailability.Duration?.Nanoseconds < 0) return "Unavailability 'duration' is negative";
            foreach (var machine in window.MachineIds)
            {
                if (string.IsNullOrEmpty(machine?.Hostname) && string.IsNullOrEmpty(machine?.Ip))
                    return "Both 'hostname' and 'ip' for a machine are empty";
                if (!seen.Add(machine))
                    return $"Machine '{machine.Hostname ?? machine.Ip}' appears more than once in the schedule";
            }
        }

        return null;
    }

    /// <summary>The window of a machine, by its host name or address; null where none is planned.</summary>
    public static MaintenanceWindow? Of(MaintenanceSchedule schedule, string host)
    {
        foreach (var window in schedule.Windows ?? [])
        {
            foreach (var machine in window.MachineIds)
            {
                if (machine.Hostname == host || (machine.Ip is not null && machine.Ip == host)) return window;
            }
        }

        return null;
    }

    /// <summary>The windows whose machines are away now.</summary>
    public static HashSet<MaintenanceWindow> Open(MaintenanceSchedule schedule, DateTimeOffset now) =>
        [.. (schedule.Windows ?? []).Where(window => Bounds(window.Unavailability) is var (start, end) && now >= start
            && now < end)];

    /// <summary>When the next window opens or closes; the end of time where none does.</summary>
    public static DateTimeOffset NextChange(MaintenanceSchedule schedule, DateTimeOffset now) =>
        (schedule.Windows ?? []).Select(window => Bounds(window.Unavailability))
        .SelectMany(bounds => new[] { bounds.Start, bounds.End })
        .Where(time => time > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();

    private static (DateTimeOffset Start, DateTimeOffset End) Bounds(Unavailability away)
    {
        var start = DateTimeOffset.UnixEpoch.AddTicks(away.Start.Nanoseconds / 100);
        return (start, away.Duration is { } duration ? start.Plus(duration.ToTimeSpan()) : DateTimeOffset.MaxValue);
    }
}
