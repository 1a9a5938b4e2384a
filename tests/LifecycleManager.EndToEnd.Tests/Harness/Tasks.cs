using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>What the master knows to run.</summary>
internal static class Tasks
{
    /// <summary>Deletes all apps and waits until nothing runs any more.</summary>
    public static async Task EndAsync(IMarathonApi api, HttpClient client, Uri master, Func<string>? more = null)
    {
        // Between two leaders nobody takes the order, and an app may go by itself: what counts is that none is left.
        await Eventually.TrueAsync(async () =>
        {
            var apps = (await api.GetApps()).Apps;
            foreach (var app in apps) await api.DeleteApp(app.Id![1..], force: true);
            return apps.Count == 0;
        }, "the end of all apps", more: more);
        await EndedAsync(client, master, more);
    }

    /// <summary>
    /// Waits until nothing runs any more. The scheduler does not list the instances of an app that is deleted, although they are
    /// still being ended: who ends the agent then leaves them running. Of an agent that the test has ended nothing is expected.
    /// </summary>
    public static Task EndedAsync(HttpClient client, Uri master, Func<string>? more = null) => Eventually.TrueAsync(async () =>
    {
        var agents = (await client.GetFromJsonAsync<JsonElement>(new Uri(master, "/slaves"))).GetProperty("slaves")
            .EnumerateArray()
            .Where(agent => agent.GetProperty("active").GetBoolean()).Select(agent => agent.GetProperty("id").GetString())
            .ToHashSet();
        var tasks = (await client.GetFromJsonAsync<JsonElement>(new Uri(master, "/tasks"))).GetProperty("tasks");
        return tasks.EnumerateArray().All(task => !agents.Contains(task.GetProperty("slave_id").GetString())
            || task.GetProperty("state")
            .GetString() is not ("TASK_STAGING" or "TASK_STARTING" or "TASK_RUNNING" or "TASK_KILLING"));
    }, "the end of all tasks", more: more);
}
