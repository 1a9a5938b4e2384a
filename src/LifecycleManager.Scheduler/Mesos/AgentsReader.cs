using System.Globalization;
using System.Text.Json;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Mesos;

/// <summary>The agents as the master's <c>/slaves</c> shows them, Mesos' and ours alike: also those that make no offer.</summary>
internal static class AgentsReader
{
    /// <summary>Asks a master.</summary>
    /// <exception cref="HttpRequestException">It does not answer, or refuses.</exception>
    public static async Task<IReadOnlyList<AgentPool>> ReadAsync(MasterHttp http, Uri url, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        using var response = await http.SendAsync(request, followLeader: false, cancellation);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var answer = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        return Read(answer.RootElement);
    }

    /// <summary>Active agents with what no task uses, all reservations in one.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static IReadOnlyList<AgentPool> Read(JsonElement answer)
    {
        try
        {
            return [.. answer.GetProperty("slaves").EnumerateArray().Where(agent => agent.GetProperty("active").GetBoolean())
                .Select(Agent)];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException($"the master's list of agents is not as it should be: {e.Message}", e);
        }
    }

    private static AgentPool Agent(JsonElement agent)
    {
        var (total, used) = (agent.GetProperty("resources"), agent.GetProperty("used_resources"));
        long Left(string name) => RoleResources.Milli(Number(total, name)) - RoleResources.Milli(Number(used, name));
        var ports = new PortSet(Ranges(total));
        foreach (var range in Ranges(used))
            for (var port = (int)range.Begin; port <= (int)range.End; port++) ports.Take(port);
        var fault = agent.TryGetProperty("domain", out var domain) && domain.TryGetProperty("fault_domain", out var found)
            ? found : default;
        return new AgentPool
        {
            AgentId = agent.GetProperty("id").GetString()!,
            Host = agent.GetProperty("hostname").GetString()!,
            Region = Name(fault, "region"),
            Zone = Name(fault, "zone"),
            Attributes = !agent.TryGetProperty("attributes", out var attributes) ? new Dictionary<string, string>()
                : attributes.EnumerateObject().ToDictionary(attribute => attribute.Name,
                    attribute => attribute.Value.ValueKind == JsonValueKind.Number
                    ? attribute.Value.GetDouble().ToString("0.###", CultureInfo.InvariantCulture)
                    : attribute.Value.ToString(), StringComparer.Ordinal),
            Roles = [new RoleResources { Role = "*", Cpus = Left("cpus"), Mem = Left("mem"), Disk = Left("disk"),
                Gpus = Left("gpus"), Ports = ports }],
        };
    }

    private static double Number(JsonElement resources, string name) => resources.TryGetProperty(name, out var number)
        ? number.GetDouble() : 0;

    private static string? Name(JsonElement fault, string part) =>
        fault.ValueKind == JsonValueKind.Object && fault.TryGetProperty(part, out var named)
        ? named.GetProperty("name").GetString() : null;

    private static IEnumerable<ValueRange> Ranges(JsonElement resources)
    {
        if (!resources.TryGetProperty("ports", out var ports)) yield break;
        foreach (var range in ports.GetString()!.Trim('[', ']')
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var begin = ulong.Parse(dash < 0 ? range : range[..dash], CultureInfo.InvariantCulture);
            yield return new ValueRange(begin, dash < 0 ? begin : ulong.Parse(range[(dash + 1)..], CultureInfo.InvariantCulture));
        }
    }
}
