namespace LifecycleManager.Console.Clients;

/// <summary>A scheduled job.</summary>
public sealed record JobRow
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The file that it is in; null where a person has added it.</summary>
    public string? File { get; init; }

    /// <summary>Who has added it; null of one of a file, or where nobody is asked who he is.</summary>
    public string? AddedBy { get; init; }

    /// <summary>Why it cannot be read; null where it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>The apps, as people write them.</summary>
    public string App { get; init; } = "";

    /// <summary>The count, as people write it.</summary>
    public string Count { get; init; } = "";

    /// <summary>When it fires, as people write it.</summary>
    public string When { get; init; } = "";

    /// <summary>The zone of its local times.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>The days that it is for; null for all.</summary>
    public string? Days { get; init; }

    /// <summary>The condition that ends what it has set; null for none.</summary>
    public string? Until { get; init; }

    /// <summary>Whether it only tells what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>The next fire time; null where there is none any more. Of a paused one, what it would be.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>The fire time that is left out.</summary>
    public DateTimeOffset? Skips { get; init; }

    /// <summary>Since when it is paused; null where it is not.</summary>
    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>Who has paused it.</summary>
    public string? PausedBy { get; init; }

    /// <summary>Why.</summary>
    public string? PausedReason { get; init; }

    /// <summary>The latest end of what it has set; null where nothing of it stands.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>Its last fire that has ended.</summary>
    public FireRow? Last { get; init; }
}

/// <summary>A fire of a scheduled job.</summary>
public sealed record FireRow
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>When it was due.</summary>
    public DateTimeOffset Due { get; init; }

    /// <summary>
    /// <c>setOff</c>, <c>open</c>, <c>after</c>, <c>done</c>, <c>failed</c>, <c>skipped</c> or <c>misfired</c>.
    /// </summary>
    public string State { get; init; } = "";

    /// <summary>Why it came out so.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether a person has asked for it, and not the clock.</summary>
    public bool ByHand { get; init; }

    /// <summary>Who.</summary>
    public string? By { get; init; }

    /// <summary>Why he did.</summary>
    public string? Asked { get; init; }

    /// <summary>Whether it only told what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>The count that it sets.</summary>
    public string Count { get; init; } = "";

    /// <summary>Until when its count stands.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What it did to each app, a hundred at most.</summary>
    public IReadOnlyList<FiredApp> Apps { get; init; } = [];

    /// <summary>How many apps more there are.</summary>
    public int? MoreApps { get; init; }
}

/// <summary>What a fire did to an app: why its count was not set; null where it was, or still may be.</summary>
public sealed record FiredApp(string App, int Before, string? Problem);

/// <summary>A scheduled rule of a policy.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Cron">When it begins.</param>
/// <param name="Until">When it ends; null for a single instant.</param>
/// <param name="Zone">The zone of both.</param>
/// <param name="Active">Whether it holds now.</param>
/// <param name="Next">When that changes.</param>
public sealed record ClockRule(
    string Policy, string Rule, string Cron, string? Until, string Zone, bool Active, DateTimeOffset? Next);

/// <summary>All scheduled jobs and rules.</summary>
/// <param name="Schedules">The rules.</param>
/// <param name="Jobs">The jobs, by name.</param>
/// <param name="After">The last job's name, where there are more.</param>
public sealed record SchedulePage(IReadOnlyList<ClockRule> Schedules, IReadOnlyList<JobRow> Jobs, string? After);

/// <summary>One job with its next fire times, those under way and those of before, newest first.</summary>
public sealed record JobDetail(
    JobRow Job, string? Text, IReadOnlyList<DateTimeOffset> Next, IReadOnlyList<FireRow> Open, IReadOnlyList<FireRow> History);

/// <summary>What comes next: fire times with their jobs, in order.</summary>
/// <param name="Coming">When, and of which job.</param>
/// <param name="LeftOut">How many jobs are not in it, since there are too many.</param>
public sealed record ComingFires(IReadOnlyList<(DateTimeOffset At, JobRow Job)> Coming, int LeftOut);

/// <summary>Whether all changes of all managers are stopped.</summary>
public sealed record StopRow(bool Stopped, DateTimeOffset? Since, string? By, string? Reason, string Message);
