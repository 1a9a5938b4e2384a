using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Definitions.Pods;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/groups</c>.</summary>
internal static class GroupsHandler
{
    public static Task AnswerAsync(ApiRequest request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is [.., "versions"]) return Get(request, () => VersionsAsync(request, Id(parts[..^1])));
        if (parts is [.., "versions", var version]) return Get(request, () => VersionAsync(request, Id(parts[..^2]), version));
        var id = Id(parts);
        if (parts is [.., "apps"] && request.Snapshot.Root.FindGroup(id) is null)
            return Get(request, () => AppsAsync(request, Id(parts[..^1])));
        return request.Method switch
        {
            "GET" or "HEAD" => GetAsync(request, id),
            "POST" => PostAsync(request, id),
            "PUT" or "PATCH" => PutAsync(request, id),
            "DELETE" => DeleteAsync(request, id),
            _ => throw request.NotAllowed("GET, POST, PUT, DELETE"),
        };
    }

    private static AppId Id(IEnumerable<string> parts) => AppId.Resolve("/" + string.Join('/', parts), AppId.Root);

    private static Task Get(ApiRequest request, Func<Task> answer) =>
        request.Method is "GET" or "HEAD" ? answer() : throw request.NotAllowed("GET");

    private static Task GetAsync(ApiRequest request, AppId id)
    {
        var group = request.Snapshot.Root.FindGroup(id) ?? throw Missing(id);
        var embeds = EmbedNames.Groups(request.Texts("embed"));
        if (request.IsKnown(AppsHandler.Parts(request, embeds, request.Snapshot.Root, request.Snapshot.Apps)))
            return Task.CompletedTask;
        return request.JsonAsync(Of(group, embeds, request.Snapshot, request.Services.Time.GetUtcNow()),
            MarathonJson.Default.Group);
    }

    private static Task AppsAsync(ApiRequest request, AppId id)
    {
        if (request.Snapshot.Root.FindGroup(id) is null) throw Missing(id);
        var embeds = EmbedNames.Apps(request.Texts("embed")) | Embeds.Counts | Embeds.Deployments;
        if (request.IsKnown(AppsHandler.Parts(request, embeds, request.Snapshot.Apps))) return Task.CompletedTask;
        var now = request.Services.Time.GetUtcNow();
        return request.StreamAsync("apps", AppsHandler.All(request.Snapshot)
            .Where(status => status.Definition.Id.IsWithin(id)), (json, status) =>
            JsonSerializer.Serialize(json, AppView.Of(status, embeds, request.Snapshot, now), MarathonJson.Default.App));
    }

    private static async Task PostAsync(ApiRequest request, AppId within)
    {
        var update = AppDefinitions.ReadGroup(await request.BodyAsync(many: true));
        var id = update.Id is { Length: > 0 } text ? AppId.Resolve(text, within) : within;
        var receipt = await request.ChangeAsync(
            root =>
            {
                if (root.FindGroup(id) is not null)
                    throw new ApiException(409, $"Group {id} is already created. Use PUT to change this group.");
                return GroupUpdates.Apply(root, id, update, request.Rules);
            },
            request.Change($"{id} was created") with { PutsGroups = true });
        request.Context.Response.Headers.Location = $"/v2/groups{id}";
        await request.DeploymentAsync(receipt, 201);
    }

    private static async Task PutAsync(ApiRequest request, AppId id)
    {
        var dry = request.Flag("dryRun");
        var update = AppDefinitions.ReadGroup(await request.BodyAsync(many: true));
        if (update.Id is { Length: > 0 } text && AppId.Resolve(text, id.Parent) != id && AppId.Resolve(text, AppId.Root) != id)
            throw new ChangeRefusedException(
                [new ChangeProblem("/id", $"'{text}' is not the group of the request's path, {id}")]);
        var change = await ChangeOfAsync(request, id, update);
        if (dry)
        {
            var before = request.Snapshot.Root;
            var steps = DryRun.Plan(request.Snapshot, ServicePorts.Assign(change(before), before, request.Rules));
            await request.JsonAsync(json => DeploymentsHandler.Write(json, steps));
            return;
        }

        await request.DeploymentAsync(await request.ChangeAsync(change,
            request.Change($"{id} was changed") with { PutsGroups = true }));
    }

    private static async Task<Func<GroupDefinition, GroupDefinition>> ChangeOfAsync(ApiRequest request, AppId id, Group update)
    {
        if (update.Version is not { } version) return root => GroupUpdates.Apply(root, id, update, request.Rules);
        if (update with { Id = null, Version = null } != new Group())
            throw new ChangeRefusedException(
                [new ChangeProblem("/version", "The 'version' field may only be combined with the 'id' field.")]);
        var old = await OldAsync(request, id, version);
        return root => root.PutGroup(old);
    }

    private static async Task DeleteAsync(ApiRequest request, AppId id)
    {
        var receipt = await request.ChangeAsync(
            root => root.FindGroup(id) is null ? throw Missing(id) : root.RemoveGroup(id), request.Change($"{id} was deleted"));
        await request.DeploymentAsync(receipt);
    }

    private static async Task VersionsAsync(ApiRequest request, AppId id)
    {
        if (request.Snapshot.Root.FindGroup(id) is null) throw Missing(id);
        var versions = await request.Scheduler.GroupVersionsAsync(request.Cancellation);
        await request.JsonAsync(json =>
        {
            json.WriteStartArray();
            foreach (var version in versions) json.WriteStringValue(Instants.Write(version));
            json.WriteEndArray();
        });
    }

    private static async Task VersionAsync(ApiRequest request, AppId id, string version)
    {
        var group = await OldAsync(request, id, version);
        await request.JsonAsync(GroupNotation.Shown(group), MarathonJson.Default.Group);
    }

    private static async Task<GroupDefinition> OldAsync(ApiRequest request, AppId id, string version) =>
        (await request.Scheduler.GroupVersionAsync(ApiRequest.Version(version), request.Cancellation))?.FindGroup(id)
            ?? throw ApiException.NotFound($"Group '{id}' does not exist in version '{version}'");

    private static ApiException Missing(AppId id) => ApiException.NotFound($"Group '{id}' does not exist");

    private static Group Of(GroupDefinition group, Embeds embeds, SchedulerSnapshot snapshot, DateTimeOffset now) => new()
    {
        Id = group.Id.Path,
        Version = Instants.Write(group.Version),
        Dependencies = [.. group.Dependencies.Select(dependency => dependency.Path)],
        EnforceRole = false,
        Pods = embeds.HasFlag(Embeds.Pods) ? [.. group.Apps.Where(app => app.IsPod).Select(PodNotation.Shown)] : [],
        Apps = !embeds.HasFlag(Embeds.Apps) ? null :
        [
            .. group.Apps.Where(app => !app.IsPod).Select(app => snapshot.Apps.TryGetValue(app.Id, out var status)
                ? AppView.Of(status, embeds, snapshot, now) : app.Wire),
        ],
        Groups = embeds.HasFlag(Embeds.Groups) ? [.. group.Groups.Select(child => Of(child, embeds, snapshot, now))] : null,
    };
}
