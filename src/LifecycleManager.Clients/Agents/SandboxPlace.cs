using System.Globalization;
using System.Text.Json.Nodes;

namespace LifecycleManager.Clients.Agents;

/// <summary>Where the sandbox of a task is at its agent.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Directory">The sandbox.</param>
/// <param name="Container">The task's container; empty where it has none.</param>
public sealed record SandboxPlace(string TaskId, string Directory, string Container)
{
    private const int AgentPort = 5051;

    /// <summary>All that an agent tells of in its <c>/state</c>, also of tasks that have ended.</summary>
    public static IEnumerable<SandboxPlace> All(JsonNode state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return from framework in Array(state, "frameworks").Concat(Array(state, "completed_frameworks"))
               from executor in Array(framework, "executors").Concat(Array(framework, "completed_executors"))
               where executor["directory"] is not null
               from task in Array(executor, "tasks").Concat(Array(executor, "completed_tasks")).Append(executor)
               where task["id"] is not null
               select new SandboxPlace(
                   (string)task["id"]!, (string)executor["directory"]!, (string?)executor["container"] ?? "");
    }

    /// <summary>A path within a sandbox as the query of a call.</summary>
    public static string Query(string directory, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return "?path=" + Uri.EscapeDataString(path.Trim('/').Length == 0 ? directory : $"{directory}/{path.Trim('/')}");
    }

    /// <summary>Where an agent that a master lists in <c>/slaves</c> answers, as <c>host:port</c>.</summary>
    public static string Authority(JsonObject agent)
    {
        ArgumentNullException.ThrowIfNull(agent);

        // "slave(1)@10.0.0.1:5051", with the address that it has for others.
        return ((string?)agent["pid"])?.Split('@') is [_, var at] ? at
            : string.Create(CultureInfo.InvariantCulture, $"{(string?)agent["hostname"]}:{(int?)agent["port"] ?? AgentPort}");
    }

    private static IEnumerable<JsonObject> Array(JsonNode of, string name) => (of[name] as JsonArray ?? []).OfType<JsonObject>();
}
