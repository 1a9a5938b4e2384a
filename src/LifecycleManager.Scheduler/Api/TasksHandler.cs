using System.Text.Json;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/tasks</c> and <c>/v2/tasks/delete</c>.</summary>
internal static class TasksHandler
{
    private const int MaxIds = 100_000;
    private static readonly string[] Statuses = ["running", "staging"];

    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/tasks", Needs.View, ListAsync, "Tasks",
            "All instances; as text, a line of addresses for each service port.")
        {
            Query = [new("status", "Only those.", ApiParameterKind.Texts) { Values = ["running", "staging"] }],
            Answer = typeof(TaskList), Media = ["application/json", "text/plain"], Failures = [400],
        },
        new("POST", "/v2/tasks/delete", Needs.Scale, DeleteAsync, "Tasks",
            "Ends instances by id; with scale, answers with the deployment.")
        {
            Query = [ApiParameter.Scale, ApiParameter.Wipe, ApiParameter.Force], Body = typeof(TaskIdList),
            Answer = typeof(TaskList), OtherAnswer = typeof(DeploymentResult), Failures = ApiFailures.Create,
        },
    ]);

    private static Task ListAsync(ApiRequest request)
    {
        var wanted = request.Texts("status");
        foreach (var status in wanted)
        {
            if (!Statuses.Contains(status, StringComparer.Ordinal))
                throw ApiException.BadRequest(
                    $"status={status} must be one of {string.Join(", ", Statuses)}{NearestName.Hint(status, Statuses)}");
        }

        var apps = AppsHandler.All(request.Snapshot);
        if (request.WantsText) return request.TextAsync(TaskView.Text(apps));
        if (request.IsKnown(request.Snapshot.Apps)) return Task.CompletedTask;
        var tasks = apps.SelectMany(TaskView.Tasks).Where(task => wanted.Count == 0 || wanted.Contains(task.State switch
        {
            "TASK_RUNNING" => "running",
            "TASK_STAGING" or "TASK_STARTING" => "staging",
            _ => "",
        }));
        return request.StreamAsync("tasks", tasks, (json, task) =>
            JsonSerializer.Serialize(json, task, MarathonJson.Default.AppTask));
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var options = Kill(request);
        var ids = WireJson.Read(await request.BodyAsync(many: true), ApiJson.Default.TaskIdList).Ids;
        if (ids.Count > MaxIds)
            throw new ChangeRefusedException([new ChangeProblem("/ids", $"must have at most {MaxIds} elements")]);
        var byTask = request.Whole.Instances;
        var named = ids.Where(id => !byTask.ContainsKey(id)).ToHashSet(StringComparer.Ordinal);
        var byInstance = named.Count == 0 ? []
            : byTask.Values.Where(instance => named.Contains(instance.InstanceId)).ToLookup(instance => instance.InstanceId)
                .ToDictionary(tasks => tasks.Key, tasks => tasks.ToList(), StringComparer.Ordinal);
        CheckKill(request, options, [.. ids.Select(AppOf).Distinct()]);
        AppId AppOf(string id) => byTask.TryGetValue(id, out var known) ? known.AppId
            : byInstance.TryGetValue(id, out var tasks) ? tasks[0].AppId : new AppId(TaskIds.AppPathOf(id));
        var tasks = ids.SelectMany(id => byInstance.TryGetValue(id, out var all) ? all.Select(one => one.TaskId) : [id]).ToList();
        request.Changes(ids);
        var killed = await request.Scheduler.KillAsync(tasks, options, request.Cancellation);
        if (killed.Deployment is { } receipt)
        {
            await request.DeploymentAsync(receipt);
            return;
        }

        await request.JsonAsync(
            new TaskList([.. killed.Instances.Select(instance => TaskView.Of(instance, ServicePorts(request, instance)))]),
            MarathonJson.Default.TaskList);
    }

    /// <summary>
    /// Holds a kill to what the caller may: with scale it sets a count, any other has instances replaced, as a restart does.
    /// </summary>
    /// <exception cref="AppsForbiddenException">It is not permitted with all of the apps.</exception>
    public static void CheckKill(ApiRequest request, KillOptions options, IReadOnlyCollection<AppId> apps)
    {
        ChangeAccess.Check(request.Scope, options.Scale ? GroupPermission.Scale : GroupPermission.Deploy, apps);
        if (options.Force) ChangeAccess.CheckForced(request.Scope, request.Whole, apps);
    }

    /// <summary>How the query wants instances to end.</summary>
    public static KillOptions Kill(ApiRequest request)
    {
        var options = new KillOptions(request.Flag("scale"), request.Flag("wipe"), request.Force);
        if (options is { Scale: true, Wipe: true })
            throw ApiException.BadRequest("You cannot use scale and wipe at the same time.");
        return options;
    }

    private static List<int>? ServicePorts(ApiRequest request, Instance instance) =>
        request.Snapshot.Apps.TryGetValue(instance.AppId, out var status)
        ? [.. status.Definition.Ports.Select(port => port.ServicePort)] : null;
}
