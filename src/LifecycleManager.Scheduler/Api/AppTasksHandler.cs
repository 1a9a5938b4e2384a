using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Snapshots;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/apps/{id}/tasks</c> and <c>/v2/apps/{id}/tasks/{taskId}</c>.</summary>
internal static class AppTasksHandler
{
    public static readonly IReadOnlyList<ApiOperation> Operations =
    [
        new("GET", "/v2/apps/{**id}/tasks", Needs.View, GetAsync, "Tasks", "The instances of an app.")
        {
            Answer = typeof(TaskList), Media = ["application/json", "text/plain"], Failures = [404],
        },
        new("DELETE", "/v2/apps/{**id}/tasks", Needs.Scale, DeleteAsync, "Tasks",
            "Ends instances of an app; with scale, answers with the deployment.")
        {
            Query = [new("host", "Only those on this host."), ApiParameter.Scale, ApiParameter.Wipe, ApiParameter.Force],
            Answer = typeof(TaskList), OtherAnswer = typeof(DeploymentResult), Failures = [400, 404, 409],
        },
    ];

    public static readonly IReadOnlyList<ApiOperation> OneTaskOperations =
    [
        new("DELETE", "/v2/apps/{**id}/tasks/{task}", Needs.Scale, DeleteAsync, "Tasks",
            "Ends one instance; with scale, answers with the deployment.")
        {
            Query = [ApiParameter.Scale, ApiParameter.Wipe, ApiParameter.Force], Failures = [400, 404, 409],
        },
    ];

    private static Task GetAsync(ApiRequest request)
    {
        List<AppStatus> apps;
        if (!request.IsWildcard) apps = [AppsHandler.Find(request, request.Id)];
        else if (request.Snapshot.Root.FindGroup(request.Id) is null)
            throw ApiException.NotFound($"Group '{request.Id}' does not exist");
        else apps = [.. AppsHandler.All(request.Snapshot).Where(status => status.Definition.Id.IsWithin(request.Id))];

        if (request.WantsText) return request.TextAsync(TaskView.Text(apps));
        if (request.IsKnown(request.IsWildcard ? request.Snapshot.Apps : apps[0])) return Task.CompletedTask;
        return request.StreamAsync(
            "tasks", apps.SelectMany(TaskView.Tasks), (json, task) =>
                JsonSerializer.Serialize(json, task, MarathonJson.Default.AppTask));
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var (id, task) = (request.SingleId, request.Parameters.GetValueOrDefault("task"));
        var host = request.Text("host");
        var options = TasksHandler.Kill(request);
        TasksHandler.CheckKill(request, options, [id]);
        var status = AppsHandler.Find(request, id);
        var instances = status.Instances
            .Where(instance => task is null
                ? host is null || host == "*" || instance.Host == host
                : instance.TaskId == task || instance.InstanceId == task)
            .Select(instance => instance.TaskId).ToList();
        if (instances.Count == 0 && task is not null) throw ApiException.NotFound($"Task '{task}' does not exist");

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
            if (task is null) json.WriteStartArray("tasks");
            else json.WritePropertyName("task");
            foreach (var instance in killed.Instances)
                JsonSerializer.Serialize(json, TaskView.Of(instance, ports), MarathonJson.Default.AppTask);
            if (task is null) json.WriteEndArray();
            else if (killed.Instances.Count == 0) json.WriteNullValue();
            json.WriteEndObject();
        });
    }
}
