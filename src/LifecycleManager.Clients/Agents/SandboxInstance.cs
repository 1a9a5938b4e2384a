using System.Text.Json.Nodes;

namespace LifecycleManager.Clients.Agents;

/// <summary>An instance of an app or a pod whose sandbox is read, also one that has ended.</summary>
/// <param name="TaskId">Its task.</param>
/// <param name="AgentId">Where it runs, or ran.</param>
/// <param name="IsEnded">Whether it has ended.</param>
public sealed record SandboxInstance(string TaskId, string AgentId, bool IsEnded)
{
    /// <summary>The call of a master that tells the last tasks that it remembers.</summary>
    public const string RememberedPath = "/tasks?order=desc&limit=1000";

    private const string Mark = ".instance-";
    private const int MarkedLength = 8;

    /// <summary>What tells it from the others, short enough to stand before each line.</summary>
    public string ShortName => TaskId.IndexOf(Mark, StringComparison.Ordinal) is >= 0 and var at
        && TaskId.Length >= at + Mark.Length + MarkedLength ? TaskId.Substring(at + Mark.Length, MarkedLength) : TaskId;

    /// <summary>Those of an app or a pod among the tasks that a master remembers, in its order.</summary>
    /// <param name="answer">What it answers to <see cref="RememberedPath"/>.</param>
    /// <param name="app">The id of the app or pod.</param>
    public static IEnumerable<SandboxInstance> Remembered(JsonNode answer, string app)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(app);

        // "/shop/web" is "shop_web" in the ids of its tasks; what follows the mark is its own.
        var mark = app.Trim('/').Replace('/', '_') + Mark;
        return (answer["tasks"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(task => ((string?)task["id"])?.StartsWith(mark, StringComparison.Ordinal) == true)
            .Select(task => new SandboxInstance((string)task["id"]!, (string?)task["slave_id"] ?? "",
                (string?)task["state"] is not ("TASK_RUNNING" or "TASK_STARTING" or "TASK_STAGING" or "TASK_KILLING")));
    }
}
