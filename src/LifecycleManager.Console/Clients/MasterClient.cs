using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console asks of the master: the classic <c>/slaves</c>, so that a real Mesos answers as well.</summary>
/// <param name="master">Null where the console was not told of a master.</param>
/// <param name="credential">Who the console is to a master that asks.</param>
public sealed class MasterClient(Uri? master, Credential? credential) : IDisposable
{
    private const int MaxRedirects = 5;

    // Redirects are followed here: the handler's own way forgets who asks.
    private readonly HttpClient _client =
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Whether there is a master to ask.</summary>
    public bool IsKnown => master is not null;

    /// <summary>The agents by host name.</summary>
    public async Task<IReadOnlyList<AgentRow>> AgentsAsync(CancellationToken cancellation)
    {
        if (master is null) return [];
        var answer = await AskAsync(new Uri(master, "slaves"), cancellation);
        return [.. answer.GetProperty("slaves").EnumerateArray().Select(Row)
            .OrderBy(row => row.Hostname, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<JsonElement> AskAsync(Uri target, CancellationToken cancellation)
    {
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.Authorization = credential?.Header;
            using var response = await _client.SendAsync(request, cancellation);
            if (response.StatusCode == HttpStatusCode.TemporaryRedirect && response.Headers.Location is { } location
                && redirects < MaxRedirects)
            {
                var leader = new Uri(target, location);
                if (target.Scheme == "https" && leader.Scheme != "https")
                    throw new HttpRequestException($"{target} redirects to {leader}, which is not encrypted");
                target = leader;
                continue;
            }

            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        }
    }

    private static AgentRow Row(JsonElement agent) => new(
        agent.GetProperty("id").ToString(),
        agent.GetProperty("hostname").ToString(),
        !agent.TryGetProperty("active", out var active) || active.ValueKind == JsonValueKind.True,
        Amount(agent, "used_resources", "cpus"), Amount(agent, "resources", "cpus"),
        Amount(agent, "used_resources", "mem"), Amount(agent, "resources", "mem"),
        agent.TryGetProperty("attributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object
            ? string.Join(", ", attributes.EnumerateObject().Select(attribute => $"{attribute.Name}: {attribute.Value}")) : "");

    private static double Amount(JsonElement agent, string of, string name) =>
        agent.TryGetProperty(of, out var resources) && resources.TryGetProperty(name, out var value)
        && value.TryGetDouble(out var number) ? number : 0;
}

/// <summary>An agent with its use.</summary>
public sealed record AgentRow(
    string Id, string Hostname, bool Active, double CpusUsed, double Cpus, double MemUsed, double Mem, string Attributes);
