using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>A schedule that is in force, of a rule file or added by a person. Of one owner.</summary>
internal sealed class KnownSchedule
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>What it says; null where it cannot be read.</summary>
    public ScalingSchedule? Schedule { get; init; }

    /// <summary>Why it cannot be read; null where it can.</summary>
    public string? Problem { get; init; }

    /// <summary>How it was added; null for one of a file.</summary>
    public AddedSchedule? Added { get; init; }

    /// <summary>The file that it is in; null where a person has added it.</summary>
    public string? File => Added is null ? Schedule!.Place.File : null;

    /// <summary>What people have ordered of it; null for nothing.</summary>
    public ScheduleMark? Mark { get; set; }

    /// <summary>The next fire time, also while it is paused; null where there is none any more.</summary>
    public DateTimeOffset? Next { get; private set; }

    /// <summary>Whether it is paused.</summary>
    public bool IsPaused => Mark?.PausedSince is not null;

    /// <summary>Has the next fire time be the first one after an instant.</summary>
    public void CountFrom(DateTimeOffset after) => Next = Schedule?.NextFire(after);

    /// <summary>Changes with each new place in the order of the fire times.</summary>
    internal int Place { get; set; }
}
