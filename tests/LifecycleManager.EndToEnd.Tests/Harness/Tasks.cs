using System.Net.Http.Json;
using System.Text.Json;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>What the master knows to run.</summary>
internal static class Tasks
{
    /// <summary>
    /// Waits until nothing runs any more. The scheduler does not list the instances of an app that is deleted, although they are still
    /// being ended: who ends the agent then leaves them running.
    /// </summary>
    public static Task EndAsync(HttpClient client, Uri master, Func<string>? more = null) => Eventually.TrueAsync(async () =>
    {
        var tasks = (await client.GetFromJsonAsync<JsonElement>(new Uri(master, "/tasks"))).GetProperty("tasks");
        return tasks.EnumerateArray().All(task =>
            task.GetProperty("state").GetString() is not ("TASK_STAGING" or "TASK_STARTING" or "TASK_RUNNING" or "TASK_KILLING"));
    }, "the end of all tasks", TimeSpan.FromSeconds(30), more);
}
