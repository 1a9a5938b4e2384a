using System.Globalization;

namespace LifecycleManager.Manager.Webhooks;

/// <summary>
/// The file of webhooks: a line each, <c>URL [format=slack|cloudevents] [on=changes,failures,holds,dryRuns]</c>; a line that
/// begins with # is a comment. It is a file since the addresses are secrets, which process lists would show.
/// </summary>
internal static class WebhookFile
{
    private const int MaxWebhooks = 20;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or a line is wrong; the message does not repeat it.</exception>
    public static IReadOnlyList<Webhook> Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"the webhooks cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<Webhook> Parse(string text, string path)
    {
        var webhooks = new List<Webhook>();
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0 || parts[0].StartsWith('#')) continue;
            if (webhooks.Count == MaxWebhooks) throw Wrong($"there are more than {MaxWebhooks}");
            if (!Uri.TryCreate(parts[0], UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw Wrong("it begins with an address, http:// or https://");
            if (address.UserInfo.Length > 0) throw Wrong("an address with a user is not supported");
            var (format, events) = (WebhookFormat.Slack, WebhookEvents.Changes | WebhookEvents.Failures);
            foreach (var option in parts.Skip(1))
            {
                switch (option.Split('=', 2))
                {
                    case ["format", "slack"]: format = WebhookFormat.Slack; break;
                    case ["format", "cloudevents"]: format = WebhookFormat.CloudEvents; break;
                    case ["format", _]: throw Wrong("format is slack or cloudevents");
                    case ["on", var names]: events = names.Split(',').Aggregate(WebhookEvents.None, Add); break;
                    default: throw Wrong("what follows the address is format= or on=");
                }
            }

            webhooks.Add(new Webhook(
                address, format, events, string.Create(CultureInfo.InvariantCulture, $"{webhooks.Count + 1} ({address.Host})")));

            WebhookEvents Add(WebhookEvents all, string name) => all | name switch
            {
                "changes" => WebhookEvents.Changes,
                "holds" => WebhookEvents.Holds,
                "failures" => WebhookEvents.Failures,
                "dryRuns" => WebhookEvents.DryRuns,
                _ => throw Wrong("on is some of changes, failures, holds and dryRuns, separated by commas"),
            };

            ArgumentException Wrong(string what) => new($"the webhook in line {index + 1} of {path} is wrong: {what}");
        }

        return webhooks;
    }
}
