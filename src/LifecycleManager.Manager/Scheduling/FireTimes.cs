using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What becomes of the fire times of a schedule that have come.</summary>
internal static class FireTimes
{
    /// <summary>Later than this a fire time was missed: 1 min, within which another manager takes over.</summary>
    public static readonly TimeSpan OnTime = TimeSpan.FromMinutes(1);

    private const int FewSteps = 64;

    /// <summary>The last fire time that has come: of several the last one alone is fired.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="first">The first fire time that has come.</param>
    /// <param name="now">The present.</param>
    public static DateTimeOffset Last(ScalingSchedule schedule, DateTimeOffset first, DateTimeOffset now)
    {
        var last = first;
        for (var i = 0; i < FewSteps; i++)
        {
            if (schedule.NextFire(last) is not { } next || next > now) return last;
            last = next;
        }

        // A long time has passed at once: from the present back, ever further, rather than through all of it.
        for (var back = TimeSpan.FromSeconds(1); back < now - last; back *= 4)
        {
            if (schedule.NextFire(now - back) is not { } found || found > now) continue;
            last = found;
            break;
        }

        while (schedule.NextFire(last) is { } next && next <= now) last = next;
        return last;
    }

    /// <summary>Why a fire time that has come is left out; null where it is fired.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="due">The fire time.</param>
    /// <param name="now">The present.</param>
    public static string? Misfire(ScalingSchedule schedule, DateTimeOffset due, DateTimeOffset now)
    {
        var late = now - due;
        if (schedule.End?.Latest(due) <= now) return $"it could not be fired before its end, {Text(late)} after its time";
        if (late <= OnTime) return null;
        if (schedule.Misfire.Kind == MisfireKind.Skip)
            return $"it could not be fired until {Text(late)} after its time, and is not to be fired late";
        return schedule.End is null && late > schedule.Misfire.Within
            ? $"it could not be fired until {Text(late)} after its time, and is "
                + $"to be fired within {Text(schedule.Misfire.Within)}"
            : null;
    }

    /// <summary>A length of time, for people: its two greatest units.</summary>
    public static string Text(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{(int)time.TotalDays}d {time.Hours}h",
        { TotalHours: >= 1 } => $"{time.Hours}h {time.Minutes}m",
        { TotalMinutes: >= 1 } => $"{time.Minutes}m {time.Seconds}s",
        _ => $"{time.Seconds}s",
    };
}
