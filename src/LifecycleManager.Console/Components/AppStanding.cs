using System.Globalization;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Components;

/// <summary>How an app stands, in a word, and why, in a line: what differs is named differently.</summary>
/// <param name="Name">The word.</param>
/// <param name="Kind">What color it has: <c>good</c>, <c>busy</c>, <c>warn</c>, <c>bad</c> or <c>quiet</c>.</param>
/// <param name="Reason">Why; null where there is nothing to say.</param>
public sealed record AppStanding(string Name, string Kind, string? Reason = null)
{
    /// <summary>All words, the worst first.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [NotAdmitted, ImageMissing, Delayed, Waiting, Unhealthy, Deploying, Starting, Suspended, Running];

    private const string NotAdmitted = "Not admitted";
    private const string ImageMissing = "Image missing";
    private const string Delayed = "Delayed by backoff";
    private const string Waiting = "Waiting for resources";
    private const string Unhealthy = "Unhealthy";
    private const string Deploying = "Deploying";
    private const string Starting = "Starting";
    private const string Suspended = "Suspended";
    private const string Running = "Running";

    /// <summary>How an app stands.</summary>
    /// <param name="app">The app, with its counts, deployments and last failure.</param>
    /// <param name="waits">What of it waits to be launched; null for nothing.</param>
    public static AppStanding Of(App app, QueueItem? waits)
    {
        ArgumentNullException.ThrowIfNull(app);
        var isShort = (app.TasksRunning ?? 0) < (app.Instances ?? 0);
        if (isShort && waits is not null && Why(app, waits) is { } why) return why;
        if (app.TasksUnhealthy > 0)
        {
            return new AppStanding(
                Unhealthy, "bad", $"{app.TasksUnhealthy} of {app.TasksRunning ?? 0} instances fail their health checks");
        }

        if (app.Deployments is { Count: > 0 }) return new AppStanding(Deploying, "busy", Count(app));
        if (app.Instances == 0)
            return new AppStanding(Suspended, "quiet", app.CountSuspended == true ? "by a person: no policy changes it" : null);
        return isShort ? new AppStanding(Starting, "busy", Count(app)) : new AppStanding(Running, "good");
    }

    /// <summary>Why instances of an app wait; null where nothing is in their way yet.</summary>
    private static AppStanding? Why(App app, QueueItem waits)
    {
        if (waits.NotAdmitted is { } refusal) return new AppStanding(NotAdmitted, "bad", refusal);
        if (!waits.Delay.Overdue && waits.Delay.TimeLeftSeconds > 0)
        {
            var left = string.Create(
                CultureInfo.InvariantCulture, $"next try in {Math.Ceiling(waits.Delay.TimeLeftSeconds):0} s");
            var failure = app.LastTaskFailure is { Message.Length: > 0 } last ? last.Message : null;
            return IsOfImage(failure) ? new AppStanding(ImageMissing, "bad", $"{failure}; {left}")
                : new AppStanding(Delayed, "warn", failure is null ? left : $"{left} after: {failure}");
        }

        if (waits.LastUnusedOffers is { Count: > 0 } refused)
        {
            return new AppStanding(Waiting, "warn", string.Create(CultureInfo.InvariantCulture,
                $"{waits.Count} of {app.Instances ?? 0}: {Refusal(refused[0])}"));
        }

        return waits.ProcessedOffersSummary is { ProcessedOffersCount: 0 }
            ? new AppStanding(Waiting, "warn", $"{waits.Count} of {app.Instances ?? 0}: no agent has offered anything yet")
            : null;
    }

    /// <summary>Why an agent was refused, in words for people.</summary>
    public static string Refusal(UnusedOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return offer.Message ?? string.Join(", ", offer.Reason);
    }

    private static string Count(App app) => $"{app.TasksRunning ?? 0} of {app.Instances ?? 0} run";

    // What agents, ours and Mesos', say of an image that is not to be had.
    private static bool IsOfImage(string? failure) => failure is not null
        && failure.Contains("image", StringComparison.OrdinalIgnoreCase)
        && (failure.Contains("pull", StringComparison.OrdinalIgnoreCase)
            || failure.Contains("not found", StringComparison.OrdinalIgnoreCase)
            || failure.Contains("No such", StringComparison.OrdinalIgnoreCase));
}
