using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Manager.Scheduling;

namespace LifecycleManager.Manager.Api;

/// <summary>A scheduled job.</summary>
internal record JobAnswer
{
    public required string Name { get; init; }

    /// <summary>The file that it is in; absent where a person has added it.</summary>
    public string? File { get; init; }

    /// <summary>When it was added; absent for one of a file.</summary>
    public DateTimeOffset? AddedAt { get; init; }

    /// <summary>Who has added it; absent where nobody is asked who he is.</summary>
    public string? AddedBy { get; init; }

    /// <summary>Why it cannot be read; absent where it can.</summary>
    public string? Problem { get; init; }

    public string? Description { get; init; }

    /// <summary>The apps, as people write them.</summary>
    public string? App { get; init; }

    /// <summary>The count, as people write it: <c>20</c>, <c>at least 6</c>.</summary>
    public string? Count { get; init; }

    /// <summary>When it fires, as people write it.</summary>
    public string? When { get; init; }

    public string? Zone { get; init; }
    public string? Days { get; init; }

    /// <summary>The condition that ends what it has set; absent for none.</summary>
    public string? Until { get; init; }

    public bool DryRun { get; init; }

    /// <summary>The next fire time; absent where there is none any more. Of a paused one, what it would be.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>The fire time that is left out.</summary>
    public DateTimeOffset? Skips { get; init; }

    public DateTimeOffset? PausedSince { get; init; }
    public string? PausedBy { get; init; }
    public string? PausedReason { get; init; }

    /// <summary>The latest end of what it has set; absent where it has set nothing that stands.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>The last fire that has ended.</summary>
    public FireAnswer? Last { get; init; }

    /// <param name="known">The schedule.</param>
    /// <param name="book">What is stored of it.</param>
    /// <param name="open">Its fires under way.</param>
    public static JobAnswer Of(KnownSchedule known, ScheduleBook book, IEnumerable<FireRecord> open) => new()
    {
        Name = known.Name,
        File = known.File,
        AddedAt = known.Added?.At,
        AddedBy = known.Added?.By,
        Problem = known.Problem,
        Description = known.Schedule?.Description,
        App = known.Schedule?.App.Text,
        Count = known.Schedule?.Count.ToString(),
        When = known.Schedule?.When.Text,
        Zone = known.Schedule?.Zone.Id,
        Days = known.Schedule?.Days?.Text,
        Until = known.Schedule?.End?.Until?.Text,
        DryRun = known.Schedule?.DryRun == true,
        Next = known.Next,
        Skips = known.Mark?.Skip,
        PausedSince = known.Mark?.PausedSince,
        PausedBy = known.Mark?.PausedBy,
        PausedReason = known.Mark?.PausedReason,
        OpenUntil = open.Where(fire => fire.State == FireState.Open).Max(fire => fire.Until),
        Last = book.History.Of(known.Name) is [.., var last] ? FireAnswer.Of(last) : null,
    };
}

/// <summary><c>GET /v1/schedules/{name}</c>.</summary>
internal sealed record JobDetailAnswer(
    JobAnswer Job, string? Text, IReadOnlyList<DateTimeOffset> Next, IReadOnlyList<FireAnswer> Open,
    IReadOnlyList<FireAnswer> History);

/// <summary>A fire of a schedule.</summary>
internal sealed record FireAnswer
{
    public required string Id { get; init; }
    public required DateTimeOffset Due { get; init; }
    public required DateTimeOffset At { get; init; }
    public required FireState State { get; init; }
    public string? Reason { get; init; }
    public bool ByHand { get; init; }
    public string? By { get; init; }
    public string? Asked { get; init; }
    public bool DryRun { get; init; }
    public required string Count { get; init; }
    public DateTimeOffset? Until { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public HookAnswer? Before { get; init; }
    public HookAnswer? After { get; init; }
    public IReadOnlyList<AppFire> Apps { get; init; } = [];

    /// <summary>How many apps more there are.</summary>
    public int? MoreApps { get; init; }

    private const int MostApps = 100;

    public static FireAnswer Of(FireRecord fire) => new()
    {
        Id = fire.Id,
        Due = fire.Due,
        At = fire.At,
        State = fire.State,
        Reason = fire.Reason,
        ByHand = fire.ByHand,
        By = fire.By,
        Asked = fire.Asked,
        DryRun = fire.DryRun,
        Count = fire.Count.ToString(),
        Until = fire.Until,
        EndedAt = fire.EndedAt,
        Before = HookAnswer.Of(fire.Before),
        After = HookAnswer.Of(fire.After),
        Apps = [.. fire.Apps.Take(MostApps)],
        MoreApps = fire.Apps.Count > MostApps ? fire.Apps.Count - MostApps : null,
    };
}

/// <summary>A hook of a fire, without what may be secret in its address.</summary>
internal sealed record HookAnswer(string Url, bool Required, HookOutcome Outcome, string? Detail, int Attempts)
{
    public static HookAnswer? Of(HookRecord? hook) => hook is null ? null
        : new HookAnswer(HookSender.Shown(hook.Url), hook.Required, hook.Outcome, hook.Detail, hook.Attempts);
}

/// <summary><c>GET /v1/schedules/{name}/history</c>, newest first.</summary>
internal sealed record FiresAnswer(string Name, IReadOnlyList<FireAnswer> Fires);

/// <summary>What was done to a schedule.</summary>
/// <param name="Name">The schedule.</param>
/// <param name="Message">What was done, in one sentence.</param>
/// <param name="Fire">The id of the fire that was set off; absent where none was.</param>
/// <param name="At">The fire time that is left out, or comes next; absent where there is none.</param>
internal sealed record ScheduleDoneAnswer(string Name, string Message, string? Fire = null, DateTimeOffset? At = null);
