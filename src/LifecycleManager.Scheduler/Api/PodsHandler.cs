using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// <c>/v2/pods</c>: definitions, and behind <c>::</c> what is asked of one: <c>::status</c>, <c>::versions</c>,
/// <c>::instances</c>.
/// </summary>
internal static class PodsHandler
{
    public static readonly OperationTable StatusOperations = new(
    [
        new("GET", "/v2/pods::status", Needs.View, AllStatusAsync, "Pods", "All pods with their instances.")
        {
            Answer = typeof(IReadOnlyList<PodStatus>),
        },
    ]);

    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/pods/{**id}::status", Needs.View, StatusAsync, "Pods",
            "A pod with its instances, their containers and endpoints.")
        {
            Answer = typeof(PodStatus), Failures = [404],
        },
        new("GET", "/v2/pods/{**id}::versions", Needs.View, VersionsAsync, "Pods", "The versions of a pod, newest first.")
        {
            Answer = typeof(IReadOnlyList<string>), Failures = [404],
        },
        new("GET", "/v2/pods/{**id}::versions/{version}", Needs.View, VersionAsync, "Pods", "A pod as it was.")
        {
            Answer = typeof(Pod), Failures = [400, 404],
        },
        new("DELETE", "/v2/pods/{**id}::instances", Needs.Scale, KillAsync, "Pods",
            "Ends instances of a pod, whose ids are the body.")
        {
            Query = [ApiParameter.Scale, ApiParameter.Wipe, ApiParameter.Force], Body = typeof(IReadOnlyList<string>),
            Answer = typeof(IReadOnlyList<PodInstanceStatus>), Failures = ApiFailures.Change,
        },
        new("DELETE", "/v2/pods/{**id}::instances/{instance}", Needs.Scale, KillOneAsync, "Pods", "Ends an instance of a pod.")
        {
            Query = [ApiParameter.Scale, ApiParameter.Wipe, ApiParameter.Force],
            Answer = typeof(IReadOnlyList<PodInstanceStatus>), Failures = [400, 404, 409],
        },
        new("GET", "/v2/pods/{**id}", Needs.View, GetAsync, "Pods", "A pod.")
        {
            IsMeant = IsWithoutVerb, Answer = typeof(Pod), Failures = [404],
        },
        new("PUT", "/v2/pods/{**id}", Needs.Scale, PutAsync, "Pods", "Changes a pod.")
        {
            IsMeant = IsWithoutVerb, Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(Pod),
            Answer = typeof(Pod), Failures = ApiFailures.Change,
        },
        new("DELETE", "/v2/pods/{**id}", Needs.Deploy, DeleteAsync, "Pods", "Ends a pod and all its instances.")
        {
            IsMeant = IsWithoutVerb, Query = [ApiParameter.Force, ApiParameter.Reason], Status = 202, Failures = [404, 409],
        },
        new("GET", "/v2/pods", Needs.View, ListAsync, "Pods", "All pods.") { Answer = typeof(IReadOnlyList<Pod>) },
        new("HEAD", "/v2/pods", Needs.View, AnyAsync, "Pods", "Whether there are pods at all."),
        new("POST", "/v2/pods", Needs.Deploy, PostAsync, "Pods", "Makes a pod.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(Pod), Status = 201, Answer = typeof(Pod),
            Failures = ApiFailures.Create,
        },
    ])
    {
        // Clients write /v2/pods/::status, with the slash of a list.
        Also = StatusOperations,
    };

    private static bool IsWithoutVerb(ApiRequest request) => !request.Id.Path.Contains("::", StringComparison.Ordinal);

    private static AppStatus Find(ApiRequest request, AppId id) =>
        request.Snapshot.Apps.TryGetValue(id, out var status) && status is { IsRemoved: false, Definition.IsPod: true }
        ? status : throw Missing(id);

    private static ApiException Missing(AppId id) => ApiException.NotFound($"Pod '{id}' does not exist");

    private static IEnumerable<AppStatus> All(ApiRequest request) =>
        request.Snapshot.Apps.Values.Where(status => status is { IsRemoved: false, Definition.IsPod: true })
        .OrderBy(status => status.Definition.Id);

    private static Task GetAsync(ApiRequest request) =>
        request.JsonAsync(PodNotation.Shown(Find(request, request.Id).Definition), MarathonJson.Default.Pod);

    private static Task StatusAsync(ApiRequest request) => request.JsonAsync(
        PodView.Status(Find(request, request.Id), request.Services.Time.GetUtcNow()), MarathonJson.Default.PodStatus);

    private static async Task KillAsync(ApiRequest request) => await KillAsync(request, request.Id, IdsAsync);

    private static Task KillOneAsync(ApiRequest request) =>
        KillAsync(request, request.Id, one => Task.FromResult<IReadOnlyList<string>>([one.Parameters["instance"]]));

    /// <summary>Marathon's way to say that there are pods.</summary>
    private static Task AnyAsync(ApiRequest request) => Task.CompletedTask;

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
        ChangeAccess.Check(request.Scope, GroupPermission.Deploy, pod.Id);
        request.Changes([pod.Id.Path]);
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
            request.Context.Connection.RemoteIpAddress, pod.Id);
        request.Context.Response.Headers.Location = $"/v2/pods{made.Id}";
        await request.JsonAsync(PodNotation.Shown(made), MarathonJson.Default.Pod, 201);
    }

    private static async Task PutAsync(ApiRequest request)
    {
        var id = request.Id;
        var pod = PodDefinitions.CreateAt(id, PodDefinitions.ReadPod(await request.BodyAsync()), request.Rules);
        if (!request.Snapshot.Unreadable.Apps.ContainsKey(id)) Find(request, id);
        var receipt = await request.ChangeAsync(root => Put(root, pod), request.Change($"{id} was changed"));
        request.Scheduler.PublishPod("pod_updated_event", request.Context.Request.Path,
            request.Context.Connection.RemoteIpAddress, id);
        await request.JsonAsync(PodNotation.Shown(receipt.Root.FindApp(id)!), MarathonJson.Default.Pod);
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var id = request.Id;
        var receipt = await request.ChangeAsync(
            root => root.FindApp(id) is { IsPod: true } ? root.RemoveApp(id)
            : throw Missing(id), request.Change($"{id} was deleted"));
        request.Scheduler.PublishPod("pod_deleted_event", request.Context.Request.Path,
            request.Context.Connection.RemoteIpAddress, id);
        request.Mark(receipt);
        request.Context.Response.StatusCode = 202;
    }

    private static async Task VersionsAsync(ApiRequest request)
    {
        var id = request.Id;
        Find(request, id);
        var versions = await request.Scheduler.AppVersionsAsync(id, request.Cancellation);
        await request.JsonAsync(json =>
        {
            json.WriteStartArray();
            foreach (var version in versions) json.WriteStringValue(Timestamps.Write(version));
            json.WriteEndArray();
        });
    }

    private static async Task VersionAsync(ApiRequest request)
    {
        var (id, version) = (request.Id, request.Parameters["version"]);
        Find(request, id);
        var old = await request.Scheduler.AppVersionAsync(id, ApiRequest.Version(version), request.Cancellation);
        if (old is not { IsPod: true }) throw ApiException.NotFound($"Pod '{id}' does not exist in version '{version}'");
        await request.JsonAsync(PodNotation.Shown(old), MarathonJson.Default.Pod);
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(ApiRequest request) =>
        WireJson.Read(await request.BodyAsync(many: true), ApiJson.Default.IReadOnlyListString);

    private static async Task KillAsync(
        ApiRequest request, AppId id, Func<ApiRequest, Task<IReadOnlyList<string>>> ids)
    {
        var options = TasksHandler.Kill(request);
        TasksHandler.CheckKill(request, options, [id]);
        // Read after all else is judged: nothing reads on while a refusal is written.
        var wanted = (await ids(request)).ToHashSet(StringComparer.Ordinal);
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
