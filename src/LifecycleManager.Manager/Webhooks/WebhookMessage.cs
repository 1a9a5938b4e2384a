using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;

namespace LifecycleManager.Manager.Webhooks;

/// <summary>What a webhook is sent.</summary>
internal static class WebhookMessage
{
    // The same whichever manager leads: source and id together tell a message that comes twice.
    private static readonly Uri Source = new("/lifecyclemanager/manager", UriKind.Relative);
    private static readonly JsonEventFormatter Formatter = new();

    /// <summary>A request's body, and its type.</summary>
    public static (ReadOnlyMemory<byte> Body, string Type) Of(DecisionRecord record, WebhookFormat format) =>
        format == WebhookFormat.CloudEvents ? CloudEvent(record) : Slack(record);

    /// <summary>One line for people.</summary>
    public static string Text(DecisionRecord record) => Webhook.EventOf(record) switch
    {
        WebhookEvents.Changes => $"{record.App} is scaled from {record.From} to {record.To}: {record.Reason}",
        WebhookEvents.Holds => $"{record.App} stays at {record.From}: {record.Reason}",
        WebhookEvents.DryRuns => $"Dry run: {record.App} would be scaled from {record.From} to {record.To}: {record.Reason}",
        _ => $"{record.App} could not be scaled from {record.From} to {record.To}, {record.OutcomeReason}: {record.Reason}",
    } + $" ({record.Policy}{(record.Rule is null ? "" : "/" + record.Rule)})";

    private static (ReadOnlyMemory<byte> Body, string Type) Slack(DecisionRecord record)
    {
        // What Slack reads as markup: https://docs.slack.dev/messaging/formatting-message-text
        var text = Text(record).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
        var body = new System.Text.Json.Nodes.JsonObject { ["text"] = text };
        return (System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json; charset=utf-8");
    }

    private static (ReadOnlyMemory<byte> Body, string Type) CloudEvent(DecisionRecord record)
    {
        var cloudEvent = new CloudEvent(CloudEventsSpecVersion.V1_0)
        {
            Id = $"{record.Id}/{JsonNamingPolicy.CamelCase.ConvertName(record.Outcome.ToString())}",
            Source = Source,
            Type = "io.lifecyclemanager.decision." + Webhook.EventOf(record) switch
            {
                WebhookEvents.Changes => "changed",
                WebhookEvents.Holds => "held",
                WebhookEvents.DryRuns => "dryrun",
                _ => "failed",
            },
            Subject = record.App,
            Time = DecisionTable.Changed(record),
            DataContentType = "application/json",
            Data = JsonSerializer.SerializeToElement(record, RecordingJson.Default.DecisionRecord),
        };
        return (Formatter.EncodeStructuredModeMessage(cloudEvent, out var type), type.ToString());
    }
}
