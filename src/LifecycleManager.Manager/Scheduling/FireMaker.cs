using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>Makes fires of fire times that have come.</summary>
internal static class FireMaker
{
    /// <summary>So long it is tried to set a count once: 10 min.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The fire of a schedule that is set off now.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="id">Its id.</param>
    /// <param name="due">The fire time.</param>
    /// <param name="now">The present.</param>
    public static FireRecord SetOff(ScalingSchedule schedule, string id, DateTimeOffset due, DateTimeOffset now) => new()
    {
        Id = id,
        Schedule = schedule.Name,
        Due = due,
        At = now,
        State = FireState.SetOff,
        DryRun = schedule.DryRun,
        Exactly = schedule.Count.Exactly,
        AtLeast = schedule.Count.AtLeast,
        AtMost = schedule.Count.AtMost,
        Until = schedule.End?.Latest(due),
        Then = schedule.End?.Then,
        GiveUpAt = now + Patience,
        Before = HookRecord.Of(schedule.DryRun ? null : schedule.Before),
        After = HookRecord.Of(schedule.DryRun ? null : schedule.After),
    };

    /// <summary>What becomes of the fire times of a schedule that have come: the last one alone is fired, or left out.</summary>
    /// <param name="known">The schedule, at whose next fire time it is.</param>
    /// <param name="now">The present.</param>
    public static IEnumerable<FireRecord> Due(KnownSchedule known, DateTimeOffset now)
    {
        var (schedule, first) = (known.Schedule!, known.Next!.Value);
        var last = FireTimes.Last(schedule, first, now);
        if (last != first)
        {
            yield return LeftOut(FireState.Misfired, first,
                "of the fire times from then on that could not be fired in time the last one alone counts: "
                + $"{last.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
        }

        if (known.Mark?.Skip == last)
            yield return LeftOut(FireState.Skipped, last, $"left out by {known.Mark.SkipBy ?? "hand"}");
        else if (FireTimes.Misfire(schedule, last, now) is { } why) yield return LeftOut(FireState.Misfired, last, why);
        else yield return SetOff(schedule, FireRecord.IdOf(schedule.Name, last), last, now);

        FireRecord LeftOut(FireState state, DateTimeOffset due, string why) =>
            SetOff(schedule, state == FireState.Misfired ? FireRecord.IdOfMissed(schedule.Name, due)
                : FireRecord.IdOf(schedule.Name, due), due, now) with
            {
                State = state,
                Reason = why,
                EndedAt = now,
                Before = null,
                After = null,
            };
    }
}
