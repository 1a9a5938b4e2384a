using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Cli.Commands.Operating.Agents;

/// <summary>The agents as the leading master has them.</summary>
/// <param name="master">The master.</param>
internal sealed class ListedAgents(Endpoint master)
{
    /// <summary>Where all agents are, which also who may see some apps alone is told.</summary>
    public async Task<List<JsonObject>> PlacesAsync(CancellationToken stop) =>
        [.. (await master.GetAsync("/slaves", stop))["slaves"]!.AsArray().Select(agent => (JsonObject)agent!.DeepClone())];

    /// <summary>All agents, each with its <c>drain_info</c> where it is drained.</summary>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(CancellationToken stop)
    {
        var agents = await PlacesAsync(stop);
        var drains = await CallAsync(new JsonObject { ["type"] = "GET_AGENTS" }, stop);
        foreach (var known in drains?["get_agents"]?["agents"]?.AsArray() ?? [])
        {
            if (known?["drain_info"] is { } drain && agents.Find(agent =>
                (string?)agent["id"] == (string?)known["agent_info"]?["id"]?["value"]) is { } agent)
                agent["drain_info"] = drain.DeepClone();
        }

        return agents;
    }

    /// <summary>The one that is meant: by its id, by the one beginning of ids that it has, by the name of its host.</summary>
    /// <exception cref="CliException">None is, or several are.</exception>
    public async Task<JsonObject> FindAsync(string name, CancellationToken stop)
    {
        var agents = await ListAsync(stop);
        var found = agents.Where(agent => Id(agent) == name).ToList();
        if (found.Count == 0) found = [.. agents.Where(agent => Host(agent) == name || HostAndPort(agent) == name)];
        if (found.Count == 0 && name.Length > 0)
            found = [.. agents.Where(agent => Id(agent).StartsWith(name, StringComparison.Ordinal))];
        return found switch
        {
            [var one] => one,
            [] => throw new CliException(
                $"no agent is '{name}'{NearestName.Hint(name, agents.Select(Host))}; 'lcm agent list' shows all",
                code: ExitStatus.NotFound),
            _ => throw new CliException(
                $"{found.Count} agents are '{name}': {string.Join(", ", found.Select(Id).Take(5))}; say one's id",
                code: ExitStatus.NotFound),
        };
    }

    /// <summary>Makes a call of Mesos' operator API.</summary>
    public Task<JsonNode?> CallAsync(JsonObject call, CancellationToken stop) =>
        master.SendAsync(HttpMethod.Post, "/api/v1", call, stop);

    /// <summary>An agent's id.</summary>
    public static string Id(JsonObject agent) => (string?)agent["id"] ?? "";

    /// <summary>The name of its host.</summary>
    public static string Host(JsonObject agent) => (string?)agent["hostname"] ?? "";

    /// <summary>Where it answers: as its master, over TLS or not.</summary>
    public Uri Address(JsonObject agent) =>
        new($"{(master.Address.StartsWith("https", StringComparison.Ordinal) ? "https" : "http")}://{HostAndPort(agent)}");

    /// <summary>One word for how it is.</summary>
    public static string State(JsonObject agent) => (string?)agent["drain_info"]?["state"] is { } drain ? drain.ToLowerInvariant()
        : (bool?)agent["deactivated"] == true ? "deactivated"
        : (bool?)agent["connected"] == false ? "away"
        : (bool?)agent["active"] == true ? "active" : "inactive";

    private static string HostAndPort(JsonObject agent) => SandboxPlace.Authority(agent);
}
