using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Runtime;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Clients;

/// <summary>
/// Where instances are and were, which the console asks the master for as itself: whoever looks may know of some apps alone, and
/// each agent judges by itself what he may read and run there. The classic endpoints, so that a real Mesos answers as well.
/// </summary>
internal sealed class AgentListClient : IDisposable
{
    private readonly HttpClient? _client;

    /// <param name="masters">Null where the console was not told of a master.</param>
    /// <param name="credential">Who the console is to a master that asks.</param>
    /// <param name="tls">What such a master is shown, and whom is taken for one; null for the usual.</param>
    public AgentListClient(AddressList? masters, Credential? credential, ClientTls? tls = null)
    {
        if (masters is null) return;
        var connections = new SocketsHttpHandler { AllowAutoRedirect = false };
        tls?.ApplyTo(connections.SslOptions);
        HttpMessageHandler handler = new LeaderRedirectHandler { InnerHandler = connections };
        if (credential is not null) handler = new PrincipalHandler(credential) { InnerHandler = handler };
        _client = new HttpClient(new AddressListHandler(masters) { InnerHandler = handler })
        {
            // Which of them, the list says.
            BaseAddress = new Uri("http://master"),
            Timeout = TimeSpan.FromSeconds(5),
        };
    }

    /// <summary>Whether there is a master to ask.</summary>
    public bool IsKnown => _client is not null;

    /// <summary>Where all agents answer, by their ids: as their master, over TLS or not.</summary>
    public async Task<IReadOnlyDictionary<string, Uri>> PlacesAsync(CancellationToken cancellation)
    {
        if (_client is null) return new Dictionary<string, Uri>();
        using var answer = await _client.GetAsync("slaves", cancellation);
        answer.EnsureSuccessStatusCode();
        var agents = await answer.Content.ReadFromJsonAsync<JsonObject>(cancellation);
        var scheme = answer.RequestMessage!.RequestUri!.Scheme;
        return (agents?["slaves"] as JsonArray ?? []).OfType<JsonObject>().Where(agent => agent["id"] is not null)
            .ToDictionary(agent => (string)agent["id"]!, agent => new Uri($"{scheme}://{SandboxPlace.Authority(agent)}"));
    }

    /// <summary>The instances of an app or pod that the master remembers, the newest first: those that have ended.</summary>
    public async Task<IReadOnlyList<SandboxInstance>> EndedAsync(string app, CancellationToken cancellation) =>
        _client is null ? []
            : [.. SandboxInstance.Remembered(
                await _client.GetFromJsonAsync<JsonObject>(SandboxInstance.RememberedPath.TrimStart('/'), cancellation)
                ?? throw new JsonException("the answer is empty"), app).Where(instance => instance.IsEnded)];

    /// <inheritdoc/>
    public void Dispose() => _client?.Dispose();
}
