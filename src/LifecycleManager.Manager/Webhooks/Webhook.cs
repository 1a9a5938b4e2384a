using LifecycleManager.Manager.Recording;

namespace LifecycleManager.Manager.Webhooks;

/// <summary>How a webhook is told.</summary>
internal enum WebhookFormat
{
    /// <summary><c>{"text": ...}</c>, as Slack and those that are compatible with it take it.</summary>
    Slack,

    /// <summary>CloudEvents 1.0, structured, as JSON; the data is the decision.</summary>
    CloudEvents,
}

/// <summary>What a webhook is told of.</summary>
[Flags]
internal enum WebhookEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Counts that are in force.</summary>
    Changes = 1,

    /// <summary>The beginnings of holds.</summary>
    Holds = 2,

    /// <summary>Changes that were refused, or did not come to their end.</summary>
    Failures = 4,

    /// <summary>What policies that only watch would do.</summary>
    DryRuns = 8,
}

/// <summary>Somebody who is told of decisions.</summary>
/// <param name="Address">Where; a secret, since whoever knows it may post there.</param>
/// <param name="Format">How.</param>
/// <param name="Events">Of what.</param>
/// <param name="Name">For people, without what is secret: its number, and its host.</param>
internal sealed record Webhook(Uri Address, WebhookFormat Format, WebhookEvents Events, string Name)
{
    /// <summary>Which event a decision is as it stands; none for one that is not settled.</summary>
    public static WebhookEvents EventOf(DecisionRecord record) => record.Outcome switch
    {
        DecisionOutcome.Applied => WebhookEvents.Changes,
        DecisionOutcome.Held => WebhookEvents.Holds,
        DecisionOutcome.Failed or DecisionOutcome.Interrupted => WebhookEvents.Failures,
        DecisionOutcome.DryRun => WebhookEvents.DryRuns,
        _ => WebhookEvents.None,
    };

    /// <summary>Whether it is told of a decision.</summary>
    public bool Wants(DecisionRecord record) => (EventOf(record) & Events) != WebhookEvents.None;

    /// <inheritdoc />
    public override string ToString() => Name;
}
