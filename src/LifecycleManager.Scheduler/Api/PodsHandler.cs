using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Definitions.Json;
using LifecycleManager.Scheduler.Definitions.Pods;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// <c>/v2/pods</c>: definitions, and behind <c>::</c> what is asked of one: <c>::status</c>, <c>::versions</c>,
/// <c>::instances</c>.
/// </summary>
internal static class PodsHandler
{
    private const string Separator = "::";

    public static Task AnswerAsync(ApiRequest request)
    {
        var path = request.Path.Trim('/');
        if (path == Separator + "status" || request.Context.Request.Path == "/v2/pods::status")
            return Get(request, () => AllStatusAsync(request));
        if (path.Length == 0)
        {
            return request.Method switch
            {
                // Marathon's way to say that there are pods.
                "HEAD" => Task.CompletedTask,
                "GET" => ListAsync(request),
                "POST" => PostAsync(request),
                _ => throw request.NotAllowed("GET, HEAD, POST"),
            };
        }

        var at = path.LastIndexOf(Separator, StringComparison.Ordinal);
        var id = AppId.Resolve("/" + (at < 0 ? path : path[..at]).Trim('/'), AppId.Root);
        var asked = at < 0 ? [] : path[(at + Separator.Length)..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        return asked switch
        {
            [] => request.Method switch
            {
                "GET" or "HEAD" => request.JsonAsync(PodNotation.Shown(Find(request, id).Definition), MarathonJson.Default.Pod),
                "PUT" => PutAsync(request, id),
                "DELETE" => DeleteAsync(request, id),
                _ => throw request.NotAllowed("GET, PUT, DELETE"),
            },
            ["status"] => Get(request, () => request.JsonAsync(
                PodView.Status(Find(request, id), request.Services.Time.GetUtcNow()), MarathonJson.Default.PodStatus)),
            ["versions"] => Get(request, () => VersionsAsync(request, id)),
            ["versions", var version] => Get(request, () => VersionAsync(request, id, version)),
            ["instances"] when request.Method == "DELETE" => KillAsync(request, id, IdsAsync(request)),
            ["instances", var instance] when request.Method == "DELETE" =>
                KillAsync(request, id, Task.FromResult<IReadOnlyList<string>>([instance])),
            ["instances"] or ["instances", _] => throw request.NotAllowed("DELETE"),
            _ => throw ApiException.NotFound($"there is no {request.Context.Request.Path}"),
        };
    }

    private static Task Get(ApiRequest request, Func<Task> answer) =>
        request.Method is "GET" or "HEAD" ? answer() : throw request.NotAllowed("GET");

    private static AppStatus Find(ApiRequest request, AppId id) =>
        request.Snapshot.Apps.TryGetValue(id, out var status) && status is { IsRemoved: false, Definition.IsPod: true }
        ? status : throw Missing(id);

    private static ApiException Missing(AppId id) => ApiException.NotFound($"Pod '{id}' does not exist");

    private static IEnumerable<AppStatus> All(ApiRequest request) =>
        request.Snapshot.Apps.Values.Where(status => status is { IsRemoved: false, Definition.IsPod: true })
        .OrderBy(status => status.Definition.Id);

    private static Task ListAsync(ApiRequest request) =>
        request.JsonAsync([.. All(request).Select(status => PodNotation.Shown(status.Definition))],
            MarathonJson.Default.IReadOnlyListPod);

    private static Task AllStatusAsync(ApiRequest request)
    {
        var now = request.Services.Time.GetUtcNow();
        return request.JsonAsync([.. All(request).Select(status => PodView.Status(status, now))],
            MarathonJson.Default.IReadOnlyListPodStatus);
    }

    private static async Task PostAsync(ApiRequest request)
    {
        var pod = PodDefinitions.Create(PodDefinitions.ReadPod(await request.BodyAsync()), AppId.Root, request.Rules);
        var receipt = await request.ChangeAsync(
            root =>
            {
                UnreadableIds.Check(request, pod.Id);
                if (root.FindApp(pod.Id) is not null) throw new ApiException(409, $"A pod with id [{pod.Id}] already exists.");
                return Put(root, pod);
            },
            request.Change($"{pod.Id} was created"));
        var made = receipt.Root.FindApp(pod.Id)!;
        request.Scheduler.PublishPod("pod_created_event", request.Context.Request.Path,
            request.Context.Connection.RemoteIpAddress);
        request.Context.Response.Headers.Location = $"/v2/pods{made.Id}";
        await request.JsonAsync(PodNotation.Shown(made), MarathonJson.Default.Pod, 201);
    }

    private static async Task PutAsync(ApiRequest request, AppId id)
    {
        var pod = PodDefinitions.CreateAt(id, PodDefinitions.ReadPod(await request.BodyAsync()), request.Rules);
        if (!request.Snapshot.Unreadable.Apps.ContainsKey(id)) Find(request, id);
        var receipt = await request.ChangeAsync(root => Put(root, pod), request.Change($"{id} was changed"));
        request.Scheduler.PublishPod("pod_updated_event", request.Context.Request.Path,
            request.Context.Connection.RemoteIpAddress);
        await request.JsonAsync(PodNotation.Shown(receipt.Root.FindApp(id)!), MarathonJson.Default.Pod);
    }

    private static async Task DeleteAsync(ApiRequest request, AppId id)
    {
        var receipt = await request.ChangeAsync(
            root => root.FindApp(id) is { IsPod: true } ? root.RemoveApp(id)
            : throw Missing(id), request.Change($"{id} was deleted"));
        request.Scheduler.PublishPod("pod_deleted_event", request.Context.Request.Path,
            request.Context.Connection.RemoteIpAddress);
        request.Mark(receipt);
        request.Context.Response.StatusCode = 202;
    }

    private static async Task VersionsAsync(ApiRequest request, AppId id)
    {
        Find(request, id);
        var versions = await request.Scheduler.AppVersionsAsync(id, request.Cancellation);
        await request.JsonAsync(json =>
        {
            json.WriteStartArray();
            foreach (var version in versions) json.WriteStringValue(Instants.Write(version));
            json.WriteEndArray();
        });
    }

    private static async Task VersionAsync(ApiRequest request, AppId id, string version)
    {
        Find(request, id);
        var old = await request.Scheduler.AppVersionAsync(id, ApiRequest.Version(version), request.Cancellation);
        if (old is not { IsPod: true }) throw ApiException.NotFound($"Pod '{id}' does not exist in version '{version}'");
        await request.JsonAsync(PodNotation.Shown(old), MarathonJson.Default.Pod);
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(ApiRequest request) =>
        WireJson.Read(await request.BodyAsync(many: true), ApiJson.Default.IReadOnlyListString);

    private static async Task KillAsync(ApiRequest request, AppId id, Task<IReadOnlyList<string>> ids)
    {
        var options = TasksHandler.Kill(request);
        var wanted = (await ids).ToHashSet(StringComparer.Ordinal);
        var status = Find(request, id);
        var instances = status.Instances.Where(instance => wanted.Contains(instance.InstanceId))
            .Select(instance => instance.TaskId).ToList();
        if (instances.Count == 0) throw ApiException.NotFound($"none of these instances of pod '{id}' exists");
        var killed = await request.Scheduler.KillAsync(instances, options, request.Cancellation);
        if (killed.Deployment is { } receipt) request.Mark(receipt);
        await request.JsonAsync(json =>
        {
            json.WriteStartArray();
            foreach (var instance in killed.Instances)
                JsonSerializer.Serialize(json, PodView.Status(status, instance), MarathonJson.Default.PodInstanceStatus);
            json.WriteEndArray();
        });
    }

    private static GroupDefinition Put(GroupDefinition root, AppDefinition pod)
    {
        var problems = new Problems();
        problems.Unless(root.FindApp(pod.Id) is null or { IsPod: true }, "/id", $"an app has the id {pod.Id}");
        TreeValidation.Validate(root, pod.Id, "", problems);
        problems.ThrowIfAny();
        return root.PutApp(pod);
    }
}
