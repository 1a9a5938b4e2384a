using LifecycleManager.Console.Clients;

namespace LifecycleManager.Console.Components;

/// <summary>Scheduled jobs and their fires in words, the same on every page.</summary>
internal static class JobText
{
    /// <summary>How a job stands.</summary>
    public static AppStanding Standing(JobRow job) => job switch
    {
        { Problem: { } problem } => new("Unreadable", "bad", problem),
        { PausedSince: not null } => new("Paused", "warn", job.PausedReason),
        { OpenUntil: { } until } => new("In force", "busy", "until " + PageTimes.Written(until)),
        { Skips: { } skips } => new("Leaves one out", "warn", PageTimes.Written(skips)),
        { Next: null } => new("Over", "quiet"),
        { DryRun: true } => new("Dry run", "quiet", "it only tells what it would do"),
        _ => new("Waits", "good"),
    };

    /// <summary>How a fire came out.</summary>
    public static AppStanding Outcome(FireRow fire) => fire.State switch
    {
        "setOff" => new("Set off", "busy"),
        "open" => new("In force", "busy"),
        "after" => new("Ends", "busy"),
        "done" => new(fire.DryRun ? "Told (dry run)" : "Done", "good"),
        "failed" => new("Failed", "bad"),
        "skipped" => new("Left out", "quiet"),
        "misfired" => new("Missed", "warn"),
        var other => new(other, "quiet"),
    };

    /// <summary>What a job sets, in a line.</summary>
    public static string Sets(JobRow job) => $"{job.Count} instances of {job.App}";

    /// <summary>What pausing, resuming, leaving out, setting off or removing a job will do.</summary>
    /// <param name="job">The job.</param>
    /// <param name="what"><c>pause</c>, <c>resume</c>, <c>skip</c>, <c>run</c> or <c>remove</c>.</param>
    public static IReadOnlyList<string> Effects(JobRow job, string what)
    {
        var next = job.Next is { } at ? PageTimes.Written(at) : null;
        var stands = job.OpenUntil is { } until ? $"What it has set stays, until {PageTimes.Written(until)} at the latest."
            : null;
        var only = job.DryRun ? "It is a dry run: it only tells what it would do." : null;
        string?[] effects = what switch
        {
            "pause" => ["It sets off nothing until it is resumed: its times pass, and are not made up for.",
                next is null ? null : $"The next would be {next}.", stands],
            "resume" => [next is null ? "It is in force again, and has no time left." : $"It fires again, next at {next}.", only],
            "skip" => [$"Its fire of {next} is left out; those after it are not.", stands],
            "run" => [$"It sets {Sets(job)} now, as at one of its times.",
                next is null ? null : $"Its next time stays {next}.", only],
            _ => ["It fires no more, and its history is not shown any longer.", stands],
        };
        return [.. effects.OfType<string>()];
    }
}
