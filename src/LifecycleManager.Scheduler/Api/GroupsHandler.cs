using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Admission;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/groups</c>.</summary>
internal static class GroupsHandler
{
    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/groups/{**id}/versions", Needs.View, VersionsAsync, "Groups",
            "The versions of the tree in which the group is there, newest first.")
        {
            Answer = typeof(IReadOnlyList<string>), Failures = [404],
        },
        new("GET", "/v2/groups/versions", Needs.View, VersionsAsync, "Groups", "The versions of the tree, newest first.")
        {
            Answer = typeof(IReadOnlyList<string>), Failures = [404],
        },
        new("GET", "/v2/groups/{**id}/versions/{version}", Needs.View, VersionAsync, "Groups", "A group as it was.")
        {
            Answer = typeof(Group), Failures = [400, 404],
        },
        new("GET", "/v2/groups/versions/{version}", Needs.View, VersionAsync, "Groups", "The tree as it was.")
        {
            Answer = typeof(Group), Failures = [400, 404],
        },
        new("GET", "/v2/groups/{**id}/apps", Needs.View, AppsAsync, "Groups", "The apps of a group and below.")
        {
            IsMeant = IsNoGroup, Query = [ApiParameter.Embed], Answer = typeof(AppList), Failures = [404],
        },
        new("GET", "/v2/groups/apps", Needs.View, AppsAsync, "Groups", "All apps.")
        {
            IsMeant = IsNoGroup, Query = [ApiParameter.Embed], Answer = typeof(AppList), Failures = [404],
        },
        new("GET", "/v2/groups/{**id}", Needs.View, GetAsync, "Groups", "A group.")
        {
            Query = [ApiParameter.GroupEmbed], Answer = typeof(Group), Failures = [404],
        },
        new("POST", "/v2/groups/{**id}", Needs.Deploy, PostAsync, "Groups", "Makes a group within a group.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(Group), Status = 201,
            Answer = typeof(DeploymentResult), Failures = ApiFailures.Create,
        },
        new("PUT", "/v2/groups/{**id}", Needs.Scale, PutAsync, "Groups",
            "Makes or changes a group, scales it (scaleBy), or takes it back (version).")
        {
            Query = [ApiParameter.Force, ApiParameter.DryRun, ApiParameter.Reason], Body = typeof(Group),
            Answer = typeof(DeploymentResult), OtherAnswer = typeof(PlannedSteps), Failures = ApiFailures.Change,
        },
        new("PATCH", "/v2/groups/{**id}", Needs.Scale, PutAsync, "Groups",
            "Makes or changes a group, scales it (scaleBy), or takes it back (version).")
        {
            Query = [ApiParameter.Force, ApiParameter.DryRun, ApiParameter.Reason], Body = typeof(Group),
            Answer = typeof(DeploymentResult), OtherAnswer = typeof(PlannedSteps), Failures = ApiFailures.Change,
        },
        new("DELETE", "/v2/groups/{**id}", Needs.Deploy, DeleteAsync, "Groups", "Deletes a group and all below it.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        new("GET", "/v2/groups", Needs.View, GetAsync, "Groups", "The whole tree.")
        {
            Query = [ApiParameter.GroupEmbed],
            Answer = typeof(Group), Failures = [400],
        },
        new("POST", "/v2/groups", Needs.Deploy, PostAsync, "Groups", "Makes a group.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(Group), Status = 201,
            Answer = typeof(DeploymentResult), Failures = ApiFailures.Create,
        },
        new("PUT", "/v2/groups", Needs.Scale, PutAsync, "Groups", "Changes the root group.")
        {
            Query = [ApiParameter.Force, ApiParameter.DryRun, ApiParameter.Reason], Body = typeof(Group),
            Answer = typeof(DeploymentResult), OtherAnswer = typeof(PlannedSteps), Failures = ApiFailures.Create,
        },
        new("PATCH", "/v2/groups", Needs.Scale, PutAsync, "Groups", "Changes the root group.")
        {
            Query = [ApiParameter.Force, ApiParameter.DryRun, ApiParameter.Reason], Body = typeof(Group),
            Answer = typeof(DeploymentResult), OtherAnswer = typeof(PlannedSteps), Failures = ApiFailures.Create,
        },
        new("DELETE", "/v2/groups", Needs.Deploy, DeleteAsync, "Groups", "Deletes everything.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Answer = typeof(DeploymentResult), Failures = [409],
        },
    ]);

    /// <summary>There is no group whose id ends so.</summary>
    private static bool IsNoGroup(ApiRequest request) =>
        request.Snapshot.Root.FindGroup(AppId.Resolve($"/{request.Id.Path.Trim('/')}/apps", AppId.Root)) is null;

    private static Task GetAsync(ApiRequest request)
    {
        var id = request.Id;
        var group = request.Snapshot.Root.FindGroup(id) ?? throw Missing(id);
        var embeds = EmbedNames.Groups(request.Texts("embed"));
        if (request.IsKnown(AppsHandler.Parts(request, embeds, request.Snapshot.Root, request.Snapshot.Apps)))
            return Task.CompletedTask;
        return request.JsonAsync(Of(group, embeds, request.Snapshot, request.Services.Time.GetUtcNow()),
            MarathonJson.Default.Group);
    }

    private static Task AppsAsync(ApiRequest request)
    {
        var id = request.Id;
        if (request.Snapshot.Root.FindGroup(id) is null) throw Missing(id);
        var embeds = EmbedNames.Apps(request.Texts("embed")) | Embeds.Counts | Embeds.Deployments;
        if (request.IsKnown(AppsHandler.Parts(request, embeds, request.Snapshot.Apps))) return Task.CompletedTask;
        var now = request.Services.Time.GetUtcNow();
        return request.StreamAsync("apps", AppsHandler.All(request.Snapshot)
            .Where(status => status.Definition.Id.IsWithin(id)), (json, status) =>
            JsonSerializer.Serialize(json, AppView.Of(status, embeds, request.Snapshot, now), MarathonJson.Default.App));
    }

    private static async Task PostAsync(ApiRequest request)
    {
        var within = request.Id;
        var update = AppDefinitions.ReadGroup(await request.BodyAsync(many: true));
        var id = update.Id is { Length: > 0 } text ? AppId.Resolve(text, within) : within;
        ChangeAccess.CheckGroup(request, id);
        request.Changes([id.Path]);
        var receipt = await request.ChangeAsync(
            root =>
            {
                if (root.FindGroup(id) is not null)
                    throw new ApiException(409, $"Group {id} is already created. Use PUT to change this group.");
                return GroupUpdates.Apply(root, id, update, request.Rules);
            },
            request.Change($"{id} was created") with { PutsGroups = true, PathOf = PathsOf(id, update) });
        request.Context.Response.Headers.Location = $"/v2/groups{id}";
        await request.DeploymentAsync(receipt, 201);
    }

    private static async Task PutAsync(ApiRequest request)
    {
        var id = request.Id;
        var dry = request.Flag("dryRun");
        var update = AppDefinitions.ReadGroup(await request.BodyAsync(many: true));
        if (update.Id is { Length: > 0 } text && AppId.Resolve(text, id.Parent) != id && AppId.Resolve(text, AppId.Root) != id)
            throw new ChangeRefusedException(
                [new ChangeProblem("/id", $"'{text}' is not the group of the request's path, {id}")]);
        var change = await ChangeOfAsync(request, id, update);
        if (dry)
        {
            var before = request.Whole.Root;
            var wanted = ServicePorts.Assign(change(before), before, request.Rules);
            if (!request.Scope.MayEverywhere(GroupPermission.Deploy)) ChangeAccess.Check(request.Scope, before, wanted);
            var steps = DryRun.Plan(request.Whole, wanted,
                AppAdmission.Judge(request.Services.Options.Admission.Rules, request.Services.Options.User), PathsOf(id, update));
            await request.JsonAsync(json => DeploymentsHandler.Write(json, steps));
            return;
        }

        await request.DeploymentAsync(await request.ChangeAsync(change,
            request.Change($"{id} was changed") with
            {
                PutsGroups = true,
                OrdersCount = _ => update.ScaleBy is not null,
                PathOf = PathsOf(id, update),
            }));
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

    /// <summary>Where in a request each app stands; nowhere, for those of a version or a factor.</summary>
    private static Func<AppId, string> PathsOf(AppId id, Group update)
    {
        var paths = GroupUpdates.Paths(id, update);
        return app => paths.GetValueOrDefault(app, "");
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var id = request.Id;
        var receipt = await request.ChangeAsync(
            root => root.FindGroup(id) is null ? throw Missing(id) : root.RemoveGroup(id), request.Change($"{id} was deleted"));
        await request.DeploymentAsync(receipt);
    }

    private static async Task VersionsAsync(ApiRequest request)
    {
        var id = request.Id;
        if (request.Snapshot.Root.FindGroup(id) is null) throw Missing(id);
        var versions = await request.Scheduler.GroupVersionsAsync(id, request.Cancellation);
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
        var group = SeenSnapshot.Of(await OldAsync(request, id, version), request.Scope)
            ?? throw ApiException.NotFound($"Group '{id}' does not exist in version '{version}'");
        await request.JsonAsync(GroupNotation.Shown(group), MarathonJson.Default.Group);
    }

    private static async Task<GroupDefinition> OldAsync(ApiRequest request, AppId id, string version) =>
        (await request.Scheduler.GroupVersionAsync(ApiRequest.Version(version), request.Cancellation))?.FindGroup(id)
            ?? throw ApiException.NotFound($"Group '{id}' does not exist in version '{version}'");

    private static ApiException Missing(AppId id) => ApiException.NotFound($"Group '{id}' does not exist");

    private static Group Of(GroupDefinition group, Embeds embeds, SchedulerSnapshot snapshot, DateTimeOffset now) => new()
    {
        Id = group.Id.Path,
        Version = Timestamps.Write(group.Version),
        Dependencies = [.. group.Dependencies.Select(dependency => dependency.Path)],
        Pods = embeds.HasFlag(Embeds.Pods) ? [.. group.Apps.Where(app => app.IsPod).Select(PodNotation.Shown)] : [],
        Apps = !embeds.HasFlag(Embeds.Apps) ? null :
        [
            .. group.Apps.Where(app => !app.IsPod).Select(app => snapshot.Apps.TryGetValue(app.Id, out var status)
                ? AppView.Of(status, embeds, snapshot, now) : app.Wire),
        ],
        Groups = embeds.HasFlag(Embeds.Groups) ? [.. group.Groups.Select(child => Of(child, embeds, snapshot, now))] : null,
    };
}
