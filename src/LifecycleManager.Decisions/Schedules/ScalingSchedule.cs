using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A scheduled scaling job: which apps get which count, when, and until when.</summary>
public sealed record ScalingSchedule
{
    /// <summary>
    /// How many days are looked through from the first fire that its days leave out, before it is said to fire never again:
    /// 15,000, some 40 years, in which 29 February has been each day of the week.
    /// </summary>
    private const int MostDaysLeftOut = 15_000;

    private const int LastYear = 9900;

    /// <summary>The unique name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>What it is for, in plain words; null for nothing said.</summary>
    public string? Description { get; init; }

    /// <summary>The apps that it scales.</summary>
    public required AppSelector App { get; init; }

    /// <summary>When it fires.</summary>
    public required Recurrence When { get; init; }

    /// <summary>The zone of its local times.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The local days on which it fires; null for all.</summary>
    public DayFilter? Days { get; init; }

    /// <summary>The count that it sets.</summary>
    public required ScheduledCount Count { get; init; }

    /// <summary>When what it set ends; null for a count that is set once and then left to whoever else sets it.</summary>
    public ScheduleEnd? End { get; init; }

    /// <summary>What becomes of a fire time that passed while no manager could act.</summary>
    public MisfirePolicy Misfire { get; init; } = MisfirePolicy.Default;

    /// <summary>What is called before the count is set; null for nothing.</summary>
    public ScheduleHook? Before { get; init; }

    /// <summary>What is called once it has ended; null for nothing.</summary>
    public ScheduleHook? After { get; init; }

    /// <summary>Whether it only tells what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>A digest of everything that it says, comments and layout apart.</summary>
    public required string Digest { get; init; }

    /// <summary>The first fire time after an instant; null where there is none any more.</summary>
    public DateTimeOffset? NextFire(DateTimeOffset after)
    {
        DateOnly? last = null;
        while (When.Next(after) is { } next)
        {
            var day = DateOnly.FromDateTime(LocalTimes.Of(next, Zone));
            if (Days?.Includes(day) != false) return next;
            // Days that are left out are passed over as days, however often it fires in them.
            if (day.Year > LastYear) return null;
            last ??= day.AddDays(MostDaysLeftOut);
            do day = day.AddDays(1); while (day < last && !Days.Includes(day));
            if (day >= last) return null;
            var start = LocalTimes.StartOf(day, Zone).AddTicks(-1);
            after = start > next ? start : next;
        }

        return null;
    }
}

/// <summary>The count that a schedule sets: an exact one, or bounds that the policy's count is held within.</summary>
/// <param name="Exactly">The count; null where bounds are given.</param>
/// <param name="AtLeast">The least; null for no such bound.</param>
/// <param name="AtMost">The most; null for no such bound.</param>
public readonly record struct ScheduledCount(int? Exactly, int? AtLeast = null, int? AtMost = null)
{
    /// <summary>A count within what is scheduled.</summary>
    public int Of(int count) => Exactly ?? Math.Min(Math.Max(count, AtLeast ?? 0), AtMost ?? int.MaxValue);

    /// <inheritdoc />
    public override string ToString() => this switch
    {
        { Exactly: { } count } => $"{count}",
        { AtLeast: { } least, AtMost: { } most } => $"{least} to {most}",
        { AtLeast: { } least } => $"at least {least}",
        { AtMost: { } most } => $"at most {most}",
        _ => "as it is",
    };
}

/// <summary>When what a schedule set ends: whichever comes first.</summary>
/// <param name="Until">A condition over the app's metrics; null for none. While it is unknown, it does not hold.</param>
/// <param name="At">The latest time: the first instant of this after the fire; null for none.</param>
/// <param name="For">The longest time after the fire; null for none. One of both is always given.</param>
/// <param name="Then">The count afterwards of an app without a policy; null for the count that was there before.</param>
public sealed record ScheduleEnd(ScheduleCondition? Until, Recurrence? At, TimeSpan? For, int? Then)
{
    /// <summary>The latest end of what was set at an instant.</summary>
    public DateTimeOffset Latest(DateTimeOffset fire)
    {
        var byTime = At?.Next(fire);
        var byLength = For is { } length ? fire + length : (DateTimeOffset?)null;
        return (byTime, byLength) switch
        {
            ({ } a, { } b) => a < b ? a : b,
            ({ } a, null) => a,
            (null, { } b) => b,
            _ => DateTimeOffset.MaxValue,
        };
    }
}

/// <summary>What becomes of a fire time that passed while no manager could act.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Within">It is done only within this after the fire time; later it is skipped.</param>
public readonly record struct MisfirePolicy(MisfireKind Kind, TimeSpan Within)
{
    /// <summary>It fires late, once, within 10 minutes, or as long as what it sets has not ended.</summary>
    public static MisfirePolicy Default { get; } = new(MisfireKind.Fire, TimeSpan.FromMinutes(10));
}

/// <summary>What is done about a fire time that was missed.</summary>
public enum MisfireKind
{
    /// <summary>It fires late; of several that were missed the last one alone.</summary>
    Fire,

    /// <summary>It is left out, and recorded as such.</summary>
    Skip,
}

/// <summary>A web hook of a schedule: POST with the fire's id.</summary>
/// <param name="Url">Where to; <c>http</c> or <c>https</c>.</param>
/// <param name="Required">Whether the count is set only after the hook before has answered with 2xx.</param>
public sealed record ScheduleHook(Uri Url, bool Required);
