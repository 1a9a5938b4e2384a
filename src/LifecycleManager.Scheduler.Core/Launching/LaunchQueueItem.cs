using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>Instances of one app that wait for an offer or a delay.</summary>
internal sealed record LaunchQueueItem
{
    /// <summary>The version of the app that waits.</summary>
    public required AppDefinition Definition { get; init; }

    /// <summary>How many wait.</summary>
    public required int Count { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>No launch before this time; null without a delay.</summary>
    public DateTimeOffset? DelayedUntil { get; init; }

    /// <summary>Why it may not be launched at all; null where it may.</summary>
    public string? NotAdmitted { get; init; }

    /// <summary>Offers looked at since the launch was asked for.</summary>
    public int ProcessedOffers { get; init; }

    /// <summary>Offers refused since the launch was asked for.</summary>
    public int UnusedOffers { get; init; }

    /// <summary>When an offer was last refused.</summary>
    public DateTimeOffset? LastUnusedOfferAt { get; init; }

    /// <summary>When an offer was last used.</summary>
    public DateTimeOffset? LastUsedOfferAt { get; init; }

    /// <summary>Refusals by reason over the last offer of each agent, in Marathon's order of checks.</summary>
    public IReadOnlyList<RefusalCount> LastOffers { get; init; } = [];

    /// <summary>Refusals by reason since the launch was asked for.</summary>
    public IReadOnlyList<RefusalCount> Attempt { get; init; } = [];

    /// <summary>The last refused offer of each agent (bounded), with why.</summary>
    public IReadOnlyList<RefusedOffer> LastRefused { get; init; } = [];
}

/// <summary>Refusals for one reason.</summary>
/// <param name="Reason">Marathon's word, <c>InsufficientCpus</c>.</param>
/// <param name="Declined">Refused for it.</param>
/// <param name="Processed">Reached this check.</param>
internal sealed record RefusalCount(string Reason, int Declined, int Processed);

/// <summary>A refused offer.</summary>
/// <param name="Offer">The offer.</param>
/// <param name="At">When.</param>
/// <param name="Reasons">Why, in Marathon's words.</param>
/// <param name="Message">Why, for people.</param>
internal sealed record RefusedOffer(Offer Offer, DateTimeOffset At, IReadOnlyList<string> Reasons, string Message);
