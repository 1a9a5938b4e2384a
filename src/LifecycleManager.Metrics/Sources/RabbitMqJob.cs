using System.Text.Json;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Asks RabbitMQ's management API for the depth of a queue: its messages, those that wait and those that consumers have not
/// acknowledged, since both are work to be done.
/// </summary>
internal sealed class RabbitMqJob(ScrapeContext context, SeriesKey key, Uri management) : SourceJob(context, key)
{
    private readonly Uri _uri = At(management, key.Selector);

    public override string Address => _uri.ToString();

    /// <summary>The address of a queue: <c>queue</c> in the virtual host <c>/</c>, or <c>vhost/queue</c>.</summary>
    internal static Uri At(Uri management, string queue)
    {
        var slash = queue.IndexOf('/');
        var (vhost, name) = slash < 0 ? ("/", queue) : slash == 0 ? ("/", queue[1..]) : (queue[..slash], queue[(slash + 1)..]);
        var path = $"/api/queues/{Uri.EscapeDataString(vhost)}/{Uri.EscapeDataString(name)}";
        return new Uri(management.ToString().TrimEnd('/') + path);
    }

    /// <summary>Reads the depth.</summary>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    internal static double? Read(ReadOnlyMemory<byte> json) => UntrustedJson.Read<double?>(json, root =>
    {
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("a queue is an object");
        // Absent until the broker has gathered statistics of a new queue.
        if (!root.TryGetProperty("messages", out var messages)) return null;
        return messages.ValueKind == JsonValueKind.Number && messages.TryGetDouble(out var depth)
            ? depth
            : throw new JsonException("messages is not a number");
    });

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        using var body = await Context.Client.GetAsync(
            _uri, "application/json", Context.Credentials.For("rabbitmq"), cancellation);
        try
        {
            var depth = Read(body.Memory);
            Store(depth is { } messages ? [("", messages)] : [], now, $"{_uri} does not know the queue's depth yet");
            return 1;
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{_uri}: {UntrustedJson.Describe(e)}");
        }
    }
}
