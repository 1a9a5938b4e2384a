using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Agents;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>Where instances' sandboxes are, and the agents that answer for them; each agent is asked once.</summary>
/// <param name="cluster">How agents are reached.</param>
/// <param name="parse">The command line.</param>
/// <param name="master">Knows the agents.</param>
internal sealed class Sandboxes(ClusterOptions cluster, ParseResult parse, Endpoint master) : IDisposable
{
    private readonly Dictionary<string, Endpoint> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Agent, string Task), SandboxPlace> _found = [];
    private readonly SemaphoreSlim _turn = new(1);
    private IReadOnlyList<JsonObject>? _known;

    /// <summary>The agent of an instance, the path of its sandbox there, and its container's id.</summary>
    /// <exception cref="CliException">The agent is away, or has no such sandbox any more.</exception>
    public async Task<(Endpoint Agent, string Directory, string Container)> OfAsync(
        SandboxInstance instance, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            var agent = await AgentAsync(instance.AgentId, stop);
            var key = (instance.AgentId, instance.TaskId);
            if (!_found.ContainsKey(key)) await ReadAsync(agent, instance.AgentId, stop);
            return _found.TryGetValue(key, out var found) ? (agent, found.Directory, found.Container) : throw new CliException(
                $"the agent at {agent.Address} shows no sandbox of {instance.TaskId}: it has none any more, or the "
                + "'schedulers' of its credentials do not name who has started it", code: ExitStatus.NotFound);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var agent in _agents.Values) agent.Dispose();
        _turn.Dispose();
    }

    private async Task<Endpoint> AgentAsync(string id, CancellationToken stop)
    {
        if (_agents.TryGetValue(id, out var known)) return known;
        var directory = new ListedAgents(master);
        var agent = (_known ??= await directory.PlacesAsync(stop)).FirstOrDefault(agent => ListedAgents.Id(agent) == id);
        if (agent is null)
        {
            // One that has come since.
            _known = await directory.PlacesAsync(stop);
            agent = _known.FirstOrDefault(agent => ListedAgents.Id(agent) == id) ?? throw new CliException(
                $"the master knows no agent {id}: with it the sandboxes are gone", code: ExitStatus.NotFound);
        }

        return _agents[id] = cluster.Agent(parse, directory.Address(agent));
    }

    private async Task ReadAsync(Endpoint agent, string id, CancellationToken stop)
    {
        var state = await agent.GetAsync("/state", stop);
        foreach (var place in SandboxPlace.All(state)) _found[(id, place.TaskId)] = place;
    }
}
