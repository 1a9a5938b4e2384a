using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/apps/{id}/tasks</c> and <c>/v2/apps/{id}/tasks/{taskId}</c>.</summary>
internal static class AppTasksHandler
{
    public static Task AnswerAsync(ApiRequest request, AppPath path) => request.Method switch
    {
        "GET" or "HEAD" when path.Argument is null => GetAsync(request, path),
        "DELETE" => path.IsWildcard ? throw request.NotAllowed("GET") : DeleteAsync(request, path),
        _ => throw request.NotAllowed(path.Argument is null ? "GET, DELETE" : "DELETE"),
    };

    private static Task GetAsync(ApiRequest request, AppPath path)
    {
        List<AppStatus> apps;
        if (!path.IsWildcard) apps = [AppsHandler.Find(request, path.Id)];
        else if (request.Snapshot.Root.FindGroup(path.Id) is null)
            throw ApiException.NotFound($"Group '{path.Id}' does not exist");
        else apps = [.. AppsHandler.All(request.Snapshot).Where(status => status.Definition.Id.IsWithin(path.Id))];

        if (request.WantsText) return request.TextAsync(TaskView.Text(apps));
        if (request.IsKnown(path.IsWildcard ? request.Snapshot.Apps : apps[0])) return Task.CompletedTask;
        return request.StreamAsync(
            "tasks", apps.SelectMany(TaskView.Tasks), (json, task) =>
                JsonSerializer.Serialize(json, task, MarathonJson.Default.AppTask));
    }

    private static async Task DeleteAsync(ApiRequest request, AppPath path)
    {
        var host = request.Text("host");
        var options = TasksHandler.Kill(request);
        var status = AppsHandler.Find(request, path.Id);
        var instances = status.Instances
            .Where(instance => path.Argument is null
                ? host is null || host == "*" || instance.Host == host
                : instance.TaskId == path.Argument || instance.InstanceId == path.Argument)
            .Select(instance => instance.TaskId).ToList();
        if (instances.Count == 0 && path.Argument is { } task) throw ApiException.NotFound($"Task '{task}' does not exist");

        var killed = await request.Scheduler.KillAsync(instances, options, request.Cancellation);
        if (killed.Deployment is { } receipt)
        {
            await request.DeploymentAsync(receipt);
            return;
        }

        var ports = status.Definition.Ports.Select(port => port.ServicePort).ToList();
        await request.JsonAsync(json =>
        {
            json.WriteStartObject();
            if (path.Argument is null) json.WriteStartArray("tasks");
            else json.WritePropertyName("task");
            foreach (var instance in killed.Instances)
                JsonSerializer.Serialize(json, TaskView.Of(instance, ports), MarathonJson.Default.AppTask);
            if (path.Argument is null) json.WriteEndArray();
            else if (killed.Instances.Count == 0) json.WriteNullValue();
            json.WriteEndObject();
        });
    }
}
