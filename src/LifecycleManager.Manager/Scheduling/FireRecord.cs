using System.Globalization;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>A fire of a schedule on record, with what became of it. It says all that is needed to bring it to its end.</summary>
internal sealed record FireRecord
{
    /// <summary>The id: the same for the same fire time of the same schedule, so that none is set off twice.</summary>
    public required string Id { get; init; }

    /// <summary>The schedule's name.</summary>
    public required string Schedule { get; init; }

    /// <summary>The fire time; of one that a person asked for, when that was.</summary>
    public required DateTimeOffset Due { get; init; }

    /// <summary>When it was set off, or left out.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How far it has come.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required FireState State { get; init; }

    /// <summary>Why it failed or was left out; null where there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether a person asked for it.</summary>
    public bool ByHand { get; init; }

    /// <summary>Who asked for it; null where nobody is asked who he is, or its time had come.</summary>
    public string? By { get; init; }

    /// <summary>Why a person asked for it, in plain words; null where nobody said.</summary>
    public string? Asked { get; init; }

    /// <summary>Whether it only tells what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>The exact count; null where bounds are given.</summary>
    public int? Exactly { get; init; }

    /// <summary>The least; null for no such bound.</summary>
    public int? AtLeast { get; init; }

    /// <summary>The most; null for no such bound.</summary>
    public int? AtMost { get; init; }

    /// <summary>The latest end of what it sets; null where the count is set once.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The count afterwards of an app without a policy; null for the one from before.</summary>
    public int? Then { get; init; }

    /// <summary>After that it is not tried any more to set a count once, or to see apps that the target does not list.</summary>
    public DateTimeOffset GiveUpAt { get; init; }

    /// <summary>The hook before; null for none.</summary>
    public HookRecord? Before { get; init; }

    /// <summary>The hook after; null for none.</summary>
    public HookRecord? After { get; init; }

    /// <summary>The apps; empty before they are known.</summary>
    public IReadOnlyList<AppFire> Apps { get => field ?? []; init; }

    /// <summary>When it came to its end; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether nothing more is to be done about it.</summary>
    [JsonIgnore]
    public bool IsFinal => State is FireState.Done or FireState.Failed or FireState.Skipped or FireState.Misfired;

    /// <summary>Whether its count stands for a time, rather than being set once.</summary>
    [JsonIgnore]
    public bool IsWindow => Until is not null;

    /// <summary>The count that it sets.</summary>
    [JsonIgnore]
    public ScheduledCount Count => new(Exactly, AtLeast, AtMost);

    /// <summary>The id of a fire time.</summary>
    public static string IdOf(string schedule, DateTimeOffset due) => $"{schedule}@{Stamp(due)}";

    /// <summary>The id of a fire time that was missed: nothing was done, and the fire itself may be.</summary>
    public static string IdOfMissed(string schedule, DateTimeOffset due) => IdOf(schedule, due) + "-missed";

    /// <summary>The id of a fire that a person asks for.</summary>
    public static string IdByHand(string schedule, DateTimeOffset now) => $"{schedule}@{Stamp(now)}-run";

    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString(
        at.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyyMMdd'T'HHmmss'Z'" : "yyyyMMdd'T'HHmmssfffffff'Z'",
        CultureInfo.InvariantCulture);
}

/// <summary>How far a fire has come.</summary>
internal enum FireState
{
    /// <summary>On record; its hook before, or its apps, are waited for.</summary>
    SetOff,

    /// <summary>Its count stands, or is being set, or set back.</summary>
    Open,

    /// <summary>All is done but the hook after.</summary>
    After,

    /// <summary>All is done.</summary>
    Done,

    /// <summary>Its count was not set, of one app at least.</summary>
    Failed,

    /// <summary>A person has asked to leave it out.</summary>
    Skipped,

    /// <summary>Its time passed while no manager could act, and it was left out.</summary>
    Misfired,
}

/// <summary>What a fire does to one app.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Before">The count from before, which it may go back to.</param>
/// <param name="Phase">How far it has come.</param>
/// <param name="Problem">Why the count was not set; null where it was, or still may be.</param>
internal sealed record AppFire(string App, int Before, AppPhase Phase, string? Problem = null)
{
    /// <summary>When its window ended; null before.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Why its window ended; null before.</summary>
    public string? ClosedBy { get; init; }

    /// <summary>The count that it is set to afterwards; null where that is left to others.</summary>
    public int? Back { get; init; }

    /// <summary>Whether it was another schedule that had brought the app to 0.</summary>
    public bool FromZero { get; init; }
}

/// <summary>How far an app has come with a fire.</summary>
internal enum AppPhase
{
    /// <summary>The count is being set.</summary>
    Setting,

    /// <summary>The count stands.</summary>
    Set,

    /// <summary>The count is being set to what it shall be afterwards.</summary>
    Restoring,

    /// <summary>Nothing more is done.</summary>
    Ended,
}

/// <summary>A hook of a fire.</summary>
/// <param name="Url">Where to, with whatever secrets it has: not for logs or answers.</param>
/// <param name="Required">Whether the fire fails without it.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Detail">How it answered, or why it did not; null before.</param>
/// <param name="Attempts">How often it was tried.</param>
internal sealed record HookRecord(
    string Url, bool Required, HookOutcome Outcome = HookOutcome.Pending, string? Detail = null, int Attempts = 0)
{
    public static HookRecord? Of(ScheduleHook? hook) => hook is null ? null : new HookRecord(hook.Url.ToString(), hook.Required);
}

/// <summary>What came of a hook.</summary>
internal enum HookOutcome
{
    /// <summary>It has not answered yet.</summary>
    Pending,

    /// <summary>It answered with 2xx.</summary>
    Answered,

    /// <summary>It did not, however often it was tried.</summary>
    Failed,
}
