using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Console.Callers;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Console.Clients;

/// <summary>
/// The sandboxes of instances, as one caller. Where agents are, the master tells the console; what is in one, its agent tells the
/// caller, and judges itself what he may read. Beside that nothing is asked for that he may not have.
/// </summary>
/// <param name="caller">Who asks.</param>
/// <param name="http">Makes his clients.</param>
/// <param name="master">Asks the master, as the console.</param>
/// <param name="time">The clock.</param>
internal sealed class SandboxClient(PageCaller caller, RoleHttp http, AgentListClient master, TimeProvider time)
{
    private const int MostKept = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, AgentCalls> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Agent, string Task), SandboxPlace> _places = [];

    /// <summary>Whether there is a master that knows the agents.</summary>
    public bool IsKnown => master.IsKnown;

    /// <summary>Whether the caller may do something with a task.</summary>
    public bool May(GroupPermission needed, string task) => caller.Scope.MayEverywhere(needed)
        || (MesosTasks.AppOf(task) is { } app && caller.Scope.May(needed, app));

    /// <summary>The instances of an app or pod that have ended and that the master remembers, the newest first.</summary>
    public Task<IReadOnlyList<SandboxInstance>> EndedAsync(string app, CancellationToken cancellation) =>
        caller.Scope.May(GroupPermission.View, app) ? master.EndedAsync(app, cancellation)
            : Task.FromResult<IReadOnlyList<SandboxInstance>>([]);

    /// <summary>The agent of a task.</summary>
    /// <exception cref="AgentRefusalException">The master knows no such agent.</exception>
    public async Task<AgentCalls> AgentAsync(string id, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_agents.TryGetValue(id, out var known)) return known;
        }

        var places = await PlacesAsync(cancellation);
        lock (_gate)
        {
            // One that comes back under its id may be elsewhere; whoever loses it asks again.
            _agents.Clear();
            foreach (var (name, address) in places) _agents[name] = new AgentCalls(http.ForAgent(caller, address), time);
            return _agents.GetValueOrDefault(id) ?? throw new AgentRefusalException(
                System.Net.HttpStatusCode.NotFound,
                $"The master knows no agent {id} (any more): its sandboxes are gone with it.");
        }
    }

    /// <summary>The sandbox of a task.</summary>
    /// <param name="needed">What is to be done with it.</param>
    /// <param name="agent">The agent's id.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="AgentRefusalException">The caller may not, or there is none any more.</exception>
    public async Task<Sandbox> FindAsync(
        GroupPermission needed, string agent, string task, CancellationToken cancellation)
    {
        if (!May(needed, task))
        {
            throw new AgentRefusalException(
                System.Net.HttpStatusCode.Forbidden, $"You may not do this with {task}: '{needed}' of its app is needed.");
        }

        try
        {
            var calls = await AgentAsync(agent, cancellation);
            var place = Known(agent, task);
            if (place is null)
            {
                using var answer = await calls.OpenAsync("/state", cancellation);
                Keep(agent, await answer.Content.ReadFromJsonAsync<JsonObject>(cancellation)
                    ?? throw new System.Text.Json.JsonException("the agent's answer is empty"));
                place = Known(agent, task);
            }

            return place is not null ? new Sandbox(calls, place) : throw new AgentRefusalException(
                System.Net.HttpStatusCode.NotFound,
                $"Its agent shows no sandbox of {task}: it has none any more, or the 'schedulers' of its credentials do not name "
                + "who has started it.");
        }
        catch (HttpRequestException)
        {
            lock (_gate) _agents.Remove(agent);
            throw;
        }
    }

    private async Task<IReadOnlyDictionary<string, Uri>> PlacesAsync(CancellationToken cancellation)
    {
        try
        {
            return await master.PlacesAsync(cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new HttpRequestException($"the master does not tell where its agents are: {Failures.Describe(e)}");
        }
    }

    private SandboxPlace? Known(string agent, string task)
    {
        lock (_gate) return _places.GetValueOrDefault((agent, task));
    }

    private void Keep(string agent, JsonObject state)
    {
        lock (_gate)
        {
            if (_places.Count > MostKept) _places.Clear();
            foreach (var place in SandboxPlace.All(state)) _places[(agent, place.TaskId)] = place;
        }
    }
}
