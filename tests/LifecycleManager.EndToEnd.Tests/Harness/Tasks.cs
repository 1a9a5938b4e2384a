using System.Net.Http.Json;
using System.Text.Json;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>What the master knows to run.</summary>
internal static class Tasks
{
    /// <summary>
    /// Waits until nothing runs any more. The scheduler does not list the instances of an app that is deleted, although they are
    /// still being ended: who ends the agent then leaves them running. Of an agent that the test has ended nothing is expected.
    /// </summary>
    public static Task EndAsync(HttpClient client, Uri master, Func<string>? more = null) => Eventually.TrueAsync(async () =>
    {
        var agents = (await client.GetFromJsonAsync<JsonElement>(new Uri(master, "/slaves"))).GetProperty("slaves")
            .EnumerateArray()
            .Where(agent => agent.GetProperty("active").GetBoolean()).Select(agent => agent.GetProperty("id").GetString())
            .ToHashSet();
        var tasks = (await client.GetFromJsonAsync<JsonElement>(new Uri(master, "/tasks"))).GetProperty("tasks");
        return tasks.EnumerateArray().All(task => !agents.Contains(task.GetProperty("slave_id").GetString())
            || task.GetProperty("state")
            .GetString() is not ("TASK_STAGING" or "TASK_STARTING" or "TASK_RUNNING" or "TASK_KILLING"));
    }, "the end of all tasks", TimeSpan.FromSeconds(30), more);
}
