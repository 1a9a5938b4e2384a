using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LifecycleManager.Clients;

namespace LifecycleManager.Console.Clients;

/// <summary>
/// What the console asks of the leading master, as one caller: Mesos' own endpoints, so that a real Mesos answers as well.
/// </summary>
/// <param name="read">A client that reads for the caller.</param>
/// <param name="change">A client that changes as the caller, and as nobody else.</param>
internal sealed class ClusterCalls(HttpClient read, HttpClient change)
{
    /// <summary>The agents by host name.</summary>
    public async Task<IReadOnlyList<AgentRow>> AgentsAsync(CancellationToken cancellation)
    {
        var schedule = await GetAsync("maintenance/schedule", cancellation);
        return [.. (await GetAsync("slaves", cancellation)).GetProperty("slaves").EnumerateArray()
            .Select(agent => AgentRow.Of(agent, schedule))
            .OrderBy(row => row.Hostname, StringComparer.Ordinal).ThenBy(row => row.Id, StringComparer.Ordinal)];
    }

    /// <summary>Who leads, for whom resources are, and who has which.</summary>
    public async Task<ClusterRow> ClusterAsync(CancellationToken cancellation)
    {
        var (summary, roles) = (GetAsync("state-summary", cancellation), GetAsync("roles", cancellation));
        var (metrics, version) = (GetAsync("metrics/snapshot", cancellation), GetAsync("version", cancellation));
        await Task.WhenAll(summary, roles, metrics, version);
        return new ClusterRow
        {
            Version = (await version).TryGetProperty("version", out var said) ? said.ToString() : "",
            Leader = (await summary).TryGetProperty("hostname", out var host) ? host.ToString() : "",
            Offers = (await metrics).TryGetProperty("master/outstanding_offers", out var offers) ? (int)offers.GetDouble() : null,
            Frameworks = [.. (await summary).GetProperty("frameworks").EnumerateArray().Select(FrameworkRow.Of)
                .OrderBy(framework => framework.Name, StringComparer.Ordinal)],
            Roles = [.. (await roles).GetProperty("roles").EnumerateArray().Select(ResourceRole.Of)
                .OrderBy(role => role.Name, StringComparer.Ordinal)],
        };
    }

    /// <summary>Ends what runs on an agent, and has nothing start there; null where it was asked for, else why not.</summary>
    /// <param name="id">The agent.</param>
    /// <param name="grace">The longest that a task may take to end; null for its own.</param>
    public Task<string?> DrainAsync(string id, TimeSpan? grace) => CallAsync(new
    {
        type = "DRAIN_AGENT",
        drain_agent = new
        {
            agent_id = new { value = id },
            max_grace_period = grace is { } most ? new { nanoseconds = most.Ticks * 100 } : null,
        },
    });

    /// <summary>Has tasks start on an agent again; null where it was done, else why not.</summary>
    public Task<string?> ResumeAsync(string id) =>
        CallAsync(new { type = "REACTIVATE_AGENT", reactivate_agent = new { agent_id = new { value = id } } });

    /// <summary>Plans that a machine is away; null where it was done, else why not.</summary>
    public Task<string?> PlanAwayAsync(string hostname, DateTimeOffset start, TimeSpan duration) =>
        RescheduleAsync(schedule => MaintenanceText.With(schedule, hostname, start, duration));

    /// <summary>Takes back that a machine is to be away; null where it was done, else why not.</summary>
    public Task<string?> EndAwayAsync(string hostname) =>
        RescheduleAsync(schedule => MaintenanceText.Without(schedule, hostname));

    /// <summary>What a path of the master answers.</summary>
    /// <exception cref="HttpRequestException">It refuses, or does not answer.</exception>
    internal async Task<JsonElement> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await read.GetAsync(path, cancellation);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation)
            : throw new HttpRequestException(await CallProblems.SaidAsync(answer, cancellation));
    }

    private async Task<string?> RescheduleAsync(Func<JsonElement, string> changed)
    {
        JsonElement schedule;
        try
        {
            schedule = await GetAsync("maintenance/schedule", CancellationToken.None);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            return $"The schedule of before cannot be read, and nothing was changed: {Failures.Describe(e)}";
        }

        return await PostAsync("maintenance/schedule", changed(schedule));
    }

    private Task<string?> CallAsync(object call) => PostAsync("api/v1", JsonSerializer.Serialize(call, Written));

    private Task<string?> PostAsync(string path, string body) =>
        RoleChange.AskAsync(change, "master", HttpMethod.Post, path, Encoding.UTF8.GetBytes(body));

    private static readonly JsonSerializerOptions Written = new()
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };
}
