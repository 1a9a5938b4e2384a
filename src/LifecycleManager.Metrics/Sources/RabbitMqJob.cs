using System.Net;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Asks RabbitMQ's management API for a queue, or for all queues of a virtual host whose names match a glob. Without a word of
/// what is read it is all messages, those that wait and those that consumers have not acknowledged: both are work to be done.
/// </summary>
internal sealed class RabbitMqJob(ScrapeContext context, SeriesKey key, SourceServers servers)
    : SourceJob(context, key, servers)
{
    private const string Columns =
        "name,messages,messages_ready,messages_unacknowledged,message_stats.publish_details.rate,"
        + "message_stats.deliver_get_details.rate";

    private string Word => Key.From?.Read ?? SourceWords.Queue[0];

    /// <summary>
    /// The virtual host and the queue of a name: <c>queue</c> in the virtual host <c>/</c>, or <c>vhost/queue</c>; where the
    /// virtual host is stated by itself, all of the name is the queue's.
    /// </summary>
    internal static (string Vhost, string Queue) Split(string name, string? vhost)
    {
        if (vhost is not null) return (vhost, name);
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("/", name) : slash == 0 ? ("/", name[1..]) : (name[..slash], name[(slash + 1)..]);
    }

    /// <summary>Reads one queue's number; null where the broker does not know it yet.</summary>
    /// <param name="json">The queue.</param>
    /// <param name="word">What is read.</param>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    internal static double? Read(ReadOnlyMemory<byte> json, string word) =>
        UntrustedJson.Read(json, root => Number(root, word));

    /// <summary>Reads the numbers of all queues that match a glob.</summary>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    internal static IReadOnlyList<(string Queue, double? Value)> ReadAll(ReadOnlyMemory<byte> json, string glob, string word) =>
        UntrustedJson.Read(json, root =>
        {
            if (root.ValueKind != JsonValueKind.Array) throw new JsonException("a list of queues is needed");
            var found = new List<(string, double?)>();
            foreach (var queue in root.EnumerateArray())
            {
                if (queue.ValueKind != JsonValueKind.Object || !queue.TryGetProperty("name", out var name)
                    || name.ValueKind != JsonValueKind.String)
                    throw new JsonException("a queue has no name");
                if (Glob.IsMatch(glob, name.GetString(), paths: false)) found.Add((name.GetString()!, Number(queue, word)));
            }

            return found;
        });

    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        var http = (HttpConnection)connection;
        var (vhost, queue) = Split(Key.Selector, Key.From?.Vhost);
        var isGlob = queue.AsSpan().ContainsAny('*', '?');
        var host = $"/api/queues/{Uri.EscapeDataString(vhost)}";
        var path = isGlob ? host : $"{host}/{Uri.EscapeDataString(queue)}";
        var name = http.Server.Address + path;
        var (status, answer) = await http.AskAsync(
            isGlob ? $"{path}?columns={Columns}" : path, null, cancellation);
        if (status != HttpStatusCode.OK)
        {
            var absent = isGlob
                ? $"there is no virtual host '{vhost}'" : $"there is no queue '{queue}' in the virtual host '{vhost}'";
            throw http.Refused(name, status, status == HttpStatusCode.NotFound ? absent : null);
        }

        try
        {
            if (!isGlob)
            {
                return Read(answer, Word) is { } value
                    ? new SourceAnswer(value, null)
                    : SourceAnswer.None($"{name} does not know the queue's depth yet");
            }

            var found = ReadAll(answer, queue, Word);
            var silent = found.Where(one => one.Value is null).Select(one => one.Queue).ToList();
            return silent.Count > 0
                ? SourceAnswer.None($"{name} does not know the depth of {string.Join(", ", silent.Take(3))} yet")
                : SourceAnswer.Of([.. found.Select(one => one.Value!.Value)], Key.From?.Across ?? Aggregation.Sum, "the pattern",
                    "queues", $"no queue of the virtual host '{vhost}' matches '{queue}' at {http.Server.Address}");
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{name}: {UntrustedJson.Describe(e)}");
        }
    }

    private static double? Number(JsonElement queue, string word)
    {
        if (queue.ValueKind != JsonValueKind.Object) throw new JsonException("a queue is an object");
        // Absent until the broker has gathered statistics of a new queue, and while the node of a queue is down.
        if (!queue.TryGetProperty("messages", out _)) return null;
        return word switch
        {
            "ready" => Field(queue, "messages_ready"),
            "unacknowledged" => Field(queue, "messages_unacknowledged"),
            "publishRate" => Rate(queue, "publish_details"),
            "deliverRate" => Rate(queue, "deliver_get_details"),
            _ => Field(queue, "messages"),
        };
    }

    private static double? Field(JsonElement queue, string name) =>
        !queue.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number
        : throw new JsonException($"{name} is not a number");

    // What nobody has done yet, the broker does not list.
    private static double? Rate(JsonElement queue, string name) =>
        queue.TryGetProperty("message_stats", out var statistics) && statistics.ValueKind == JsonValueKind.Object
            && statistics.TryGetProperty(name, out var details) && details.ValueKind == JsonValueKind.Object
            ? Field(details, "rate") : 0;
}
