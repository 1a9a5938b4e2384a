using System.Text.Json;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Finds the agents through the master's <c>/slaves</c>.</summary>
internal static class AgentList
{
    /// <summary>The addresses of the active agents.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="scheme">The master's scheme, and as in Mesos the whole cluster's.</param>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static IReadOnlyList<Uri> Read(ReadOnlyMemory<byte> json, string scheme = "http") =>
        UntrustedJson.Read(json, root => Read(root, scheme));

    private static List<Uri> Read(JsonElement root, string scheme)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("slaves", out var slaves)
            || slaves.ValueKind != JsonValueKind.Array) throw new JsonException("an object with slaves is needed");
        var agents = new List<Uri>();
        foreach (var slave in slaves.EnumerateArray())
        {
            if (slave.ValueKind != JsonValueKind.Object
                || (slave.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.False))
                continue;
            // "slave(1)@10.0.0.5:5051": the name of the process and where it is.
            if (slave.TryGetProperty("pid", out var pid) && pid.ValueKind == JsonValueKind.String
                && pid.GetString()!.Split('@', 2) is [_, var address]
                && Uri.TryCreate($"{scheme}://{address}/", UriKind.Absolute, out var agent)) agents.Add(agent);
        }

        return agents;
    }
}

/// <summary>Asks the master for its agents at each interval, while somebody wants container statistics.</summary>
internal sealed class AgentListJob(ScrapeContext context, AddressList masters, Action<IReadOnlyList<Uri>> found)
    : ScrapeJob(context)
{
    public override string Id { get; } = $"master|{masters.Current}";

    public override string Address => At(masters.Current).ToString();

    protected override Task<int> ScrapeAsync(long now, CancellationToken cancellation) =>
        masters.AskAsync(master => AskAsync(At(master), cancellation), cancellation);

    private static Uri At(Uri master) => new(master, "slaves");

    private async Task<int> AskAsync(Uri uri, CancellationToken cancellation)
    {
        using var body = await Context.Client.GetAsync(
            uri, "application/json", Context.Credentials.For("agents"), cancellation, follow: true,
            tls: TlsSettings.OfCluster);
        try
        {
            found(AgentList.Read(body.Memory, uri.Scheme));
            return 0;
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{uri}: {UntrustedJson.Describe(e)}");
        }
    }
}
