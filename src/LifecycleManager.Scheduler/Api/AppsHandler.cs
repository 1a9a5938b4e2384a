using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/apps</c>.</summary>
internal static class AppsHandler
{
    // What a list shows unasked: all of it is the status' own, and does not change with time.
    private const Embeds Listed = Embeds.Counts | Embeds.Deployments;

    private const Embeds Shown = Embeds.Counts | Embeds.Tasks | Embeds.LastTaskFailure | Embeds.Deployments;

    public static readonly OperationTable Operations = new(
    [
        .. BlueGreenHandler.Operations,
        new("POST", "/v2/apps/{**id}/restart", Needs.Deploy, RestartAsync, "Apps", "Replaces all instances.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        .. AppTasksHandler.Operations,
        new("GET", "/v2/apps/{**id}/versions", Needs.View, VersionsAsync, "Apps", "The versions of an app, newest first.")
        {
            Answer = typeof(VersionList), Failures = [404],
        },
        .. AppTasksHandler.OneTaskOperations,
        new("GET", "/v2/apps/{**id}/versions/{version}", Needs.View, VersionAsync, "Apps", "An app as it was.")
        {
            Answer = typeof(App), Failures = [400, 404],
        },
        new("GET", "/v2/apps/{**id}", Needs.View, GetAsync, "Apps", "One app; with an id that ends with /*, all apps of a group.")
        {
            Query = [ApiParameter.Embed], Answer = typeof(AppAnswer), Failures = [404],
        },
        new("PUT", "/v2/apps/{**id}", Needs.Scale, PutAsync, "Apps",
            "Makes or changes an app; with only a version in the body, takes it back to that version.")
        {
            Query = [ApiParameter.Force, ApiParameter.Partial, ApiParameter.Reason], Body = typeof(App),
            Answer = typeof(DeploymentResult), OtherStatus = 201, Failures = ApiFailures.ConditionalChange,
        },
        new("PATCH", "/v2/apps/{**id}", Needs.Scale, PatchAsync, "Apps", "Changes an app.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(App), Answer = typeof(DeploymentResult),
            Failures = ApiFailures.ConditionalChange,
        },
        new("DELETE", "/v2/apps/{**id}", Needs.Deploy, DeleteAsync, "Apps",
            "Ends an app and all its instances; with force=false, not while a deployment holds it.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        new("GET", "/v2/apps", Needs.View, GetAllAsync, "Apps", "All apps, those that the filters let through.")
        {
            Query =
            [
                new("cmd", "Part of the command."), new("id", "Part of the id."),
                new("label", "A selector: key, key==value, key!=value, key in (a, b), key notin (a, b), joined by commas."),
                ApiParameter.Embed,
            ],
            Answer = typeof(AppList), Failures = [400],
        },
        new("POST", "/v2/apps", Needs.Deploy, PostAsync, "Apps", "Makes an app.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(App), Status = 201, Answer = typeof(App),
            Failures = ApiFailures.Create,
        },
        new("PUT", "/v2/apps", Needs.Scale, PutAllAsync, "Apps", "Makes or changes many apps in one deployment.")
        {
            Query = [ApiParameter.Force, ApiParameter.Partial, ApiParameter.Reason], Body = typeof(IReadOnlyList<App>),
            Answer = typeof(DeploymentResult), Failures = ApiFailures.Create,
        },
        new("PATCH", "/v2/apps", Needs.Scale, PatchAllAsync, "Apps", "Changes many apps in one deployment.")
        {
            Query = [ApiParameter.Force, ApiParameter.Reason], Body = typeof(IReadOnlyList<App>),
            Answer = typeof(DeploymentResult), Failures = ApiFailures.Create,
        },
    ]);

    /// <summary>An app that is wanted.</summary>
    /// <exception cref="AppNotFoundException">There is none.</exception>
    public static AppStatus Find(ApiRequest request, AppId id) =>
        request.Snapshot.Apps.TryGetValue(id, out var status) && status is { IsRemoved: false, Definition.IsPod: false }
        ? status : throw new AppNotFoundException(id);

    /// <summary>All wanted apps by id.</summary>
    public static IEnumerable<AppStatus> All(SchedulerSnapshot snapshot) =>
        snapshot.Apps.Values.Where(status => status is { IsRemoved: false, Definition.IsPod: false })
        .OrderBy(status => status.Definition.Id);

    /// <summary>
    /// What an answer is made of, for its tag: results of readiness checks are the deployments', and those are of one snapshot.
    /// </summary>
    public static IEnumerable<object> Parts(ApiRequest request, Embeds embeds, params IEnumerable<object> parts) =>
        embeds.HasFlag(Embeds.Readiness) ? [request.Snapshot] : embeds.HasFlag(Embeds.TaskStats) ? [new object()] : parts;

    private static Task GetAllAsync(ApiRequest request)
    {
        if (request.Context.Request.Headers.ContainsKey(IMarathonApi.ManagerHeader)) request.Scheduler.HearManager();
        var embeds = EmbedNames.Apps(request.Texts("embed")) | Listed;
        var (cmd, id) = (request.Text("cmd"), request.Text("id"));
        var labels = request.Text("label") is { } label ? LabelSelector.Parse(label) : null;
        if (request.IsKnown(Parts(request, embeds, request.Snapshot.Apps))) return Task.CompletedTask;
        var now = request.Services.Time.GetUtcNow();
        var apps = All(request.Snapshot).Where(status =>
            (cmd is null || status.Definition.Wire.Cmd?.Contains(cmd, StringComparison.OrdinalIgnoreCase) == true)
            && (id is null || status.Definition.Id.Path.Contains(id, StringComparison.OrdinalIgnoreCase))
            && (labels is null || labels.Matches(status.Definition.Labels)));
        return request.StreamAsync("apps", apps, (json, status) =>
        {
            if (embeds == Listed)
                json.WriteRawValue(AppView.Bytes(status, Listed, request.Snapshot, now), skipInputValidation: true);
            else JsonSerializer.Serialize(json, AppView.Of(status, embeds, request.Snapshot, now), MarathonJson.Default.App);
        });
    }

    private static Task GetGroupAsync(ApiRequest request, AppId group)
    {
        if (request.Snapshot.Root.FindGroup(group) is null) throw ApiException.NotFound($"Group '{group}' does not exist");
        var embeds = EmbedNames.Apps(request.Texts("embed")) | Shown;
        if (request.IsKnown(Parts(request, embeds, request.Snapshot.Apps))) return Task.CompletedTask;
        var now = request.Services.Time.GetUtcNow();
        return request.StreamAsync("*", All(request.Snapshot)
            .Where(status => status.Definition.Id.IsWithin(group)), (json, status) =>
            JsonSerializer.Serialize(json, AppView.Of(status, embeds, request.Snapshot, now), MarathonJson.Default.App));
    }

    private static Task GetAsync(ApiRequest request)
    {
        if (request.IsWildcard) return GetGroupAsync(request, request.Id);
        var id = request.Id;
        var status = Find(request, id);
        var embeds = EmbedNames.Apps(request.Texts("embed")) | Shown;
        if (request.IsKnown(Parts(request, embeds, status))) return Task.CompletedTask;
        var app = AppView.Of(status, embeds, request.Snapshot, request.Services.Time.GetUtcNow());
        return request.JsonAsync(new AppAnswer(app), MarathonJson.Default.AppAnswer);
    }

    private static async Task PostAsync(ApiRequest request)
    {
        var sent = AppDefinitions.ReadApp(await request.BodyAsync());
        var app = AppDefinitions.Create(sent, AppId.Root, request.Rules);
        ChangeAccess.Check(request.Scope, GroupPermission.Deploy, app.Id);
        request.Changes([app.Id.Path]);
        var receipt = await request.ChangeAsync(
            root =>
            {
                UnreadableIds.Check(request, app.Id);
                if (root.FindApp(app.Id) is not null) throw new ApiException(409, $"An app with id [{app.Id}] already exists.");
                return Put(root, app, "");
            },
            request.Change($"{app.Id} was created"));
        var made = receipt.Root.FindApp(app.Id)!;
        request.Scheduler.PublishApiPost(request.Context.Request.Path, request.Context.Connection.RemoteIpAddress, made);
        request.Context.Response.Headers.Location = $"/v2/apps{made.Id}";
        await request.JsonAsync(AppView.New(made, receipt.DeploymentId), MarathonJson.Default.App, 201);
    }

    private static Task PutAsync(ApiRequest request) =>
        PutAsync(request, request.SingleId, request.Flag("partialUpdate", absent: true));

    private static Task PatchAsync(ApiRequest request) => PutAsync(request, request.SingleId, partial: true, mayCreate: false);

    private static async Task PutAsync(ApiRequest request, AppId id, bool partial, bool mayCreate = true)
    {
        var sent = AppDefinitions.ReadApp(await request.BodyAsync());
        var change = await ChangeOfAsync(request, id, sent, partial, "", mayCreate);
        var created = false;
        var receipt = await request.ChangeAsync(
            root =>
            {
                created = root.FindApp(id) is null;
                return change(root);
            },
            request.Change($"{id} was changed", id) with { OrdersCount = app => app == id && OrdersCount(sent, partial) });
        if (receipt.Root.FindApp(id) is { } app)
            request.Scheduler.PublishApiPost(request.Context.Request.Path, request.Context.Connection.RemoteIpAddress, app);
        if (created) request.Context.Response.Headers.Location = $"/v2/apps{id}";
        await request.DeploymentAsync(receipt, created ? 201 : 200);
    }

    private static Task PutAllAsync(ApiRequest request) =>
        PutAllAsync(request, request.Flag("partialUpdate", absent: true));

    private static Task PatchAllAsync(ApiRequest request) => PutAllAsync(request, partial: true, mayCreate: false);

    private static async Task PutAllAsync(ApiRequest request, bool partial, bool mayCreate = true)
    {
        var sent = AppDefinitions.ReadApps(await request.BodyAsync(many: true));
        ChangeAccess.Check(request.Scope, GroupPermission.Scale,
            sent.Where(app => app.Id is { Length: > 0 }).Select(app => AppId.Resolve(app.Id!, AppId.Root)));
        var changes = new List<Func<GroupDefinition, GroupDefinition>>(sent.Count);
        var ids = new HashSet<AppId>();
        var orders = new HashSet<AppId>();
        var places = new Dictionary<AppId, string>();
        for (var index = 0; index < sent.Count; index++)
        {
            if (sent[index].Id is not { Length: > 0 } text)
                throw new ChangeRefusedException([new ChangeProblem($"({index})/id", "must not be empty")]);
            var id = AppId.Resolve(text, AppId.Root);
            if (!ids.Add(id)) throw new ChangeRefusedException([new ChangeProblem($"({index})/id", $"{id} is there twice")]);
            if (OrdersCount(sent[index], partial)) orders.Add(id);
            places[id] = $"({index})";
            changes.Add(await ChangeOfAsync(request, id, sent[index], partial, $"({index})", mayCreate));
        }

        var receipt = await request.ChangeAsync(
            root => changes.Aggregate(root, (tree, change) => change(tree)),
            request.Change($"{sent.Count} apps were changed") with
            {
                OrdersCount = orders.Contains,
                PathOf = app => places.GetValueOrDefault(app, ""),
            });
        request.Changes([.. ids.Select(id => id.Path)]);
        foreach (var app in ids.Select(receipt.Root.FindApp))
            if (app is not null)
                request.Scheduler.PublishApiPost(request.Context.Request.Path, request.Context.Connection.RemoteIpAddress, app);
        await request.DeploymentAsync(receipt);
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var id = request.SingleId;

        // Marathon's default for this alone: who deletes an app need not wait for what deploys it.
        var forced = ChangeAccess.MayForce(request.Scope, request.Whole, [id]);
        var receipt = await request.ChangeAsync(
            root => root.FindApp(id) is { IsPod: false } ? root.RemoveApp(id)
            : throw new AppNotFoundException(id), request.Change($"{id} was deleted", forced: forced));
        await request.DeploymentAsync(receipt);
    }

    private static async Task RestartAsync(ApiRequest request)
    {
        var id = request.SingleId;
        if (request.Force) ChangeAccess.CheckForced(request.Scope, request.Whole, [id]);
        var receipt = await request.Scheduler.RestartAsync([id], request.Change($"{id} was restarted"), request.Cancellation);
        await request.DeploymentAsync(receipt);
    }

    private static async Task VersionsAsync(ApiRequest request)
    {
        var id = request.Scope.May(GroupPermission.View, IdOf(request).Path) ? request.SingleId
            : throw new AppNotFoundException(request.SingleId);
        var versions = await request.Scheduler.AppVersionsAsync(id, request.Cancellation);
        if (versions.Count == 0) throw new AppNotFoundException(request.SingleId);
        await request.JsonAsync(new VersionList([.. versions.Select(Timestamps.Write)]), MarathonJson.Default.VersionList);
    }

    private static async Task VersionAsync(ApiRequest request)
    {
        var app = await VersionAsync(request, IdOf(request), request.Parameters["version"]);
        await request.JsonAsync(app.Wire, MarathonJson.Default.App);
    }

    /// <summary>The path's id, where it is no pod's.</summary>
    private static AppId IdOf(ApiRequest request) =>
        request.Snapshot.Apps.TryGetValue(request.SingleId, out var known) && known.Definition.IsPod
            ? throw new AppNotFoundException(request.SingleId) : request.SingleId;

    private static async Task<AppDefinition> VersionAsync(ApiRequest request, AppId id, string version)
    {
        Find(request, id);
        return await request.Scheduler.AppVersionAsync(id, ApiRequest.Version(version), request.Cancellation)
            ?? throw ApiException.NotFound($"App '{id}' does not exist in version '{version}'");
    }

    /// <summary>What one app's update does to the tree: makes the app, changes it, or takes it back to a version.</summary>
    internal static async Task<Func<GroupDefinition, GroupDefinition>> ChangeOfAsync(
        ApiRequest request, AppId id, App sent, bool partial, string path, bool mayCreate = true)
    {
        // Of a definition that was exported, or read back, the version is where it comes from.
        if (sent is { Cmd: not null } or { Args: not null } or { Container: not null }) sent = sent with { Version = null };
        if (sent.Version is { } version)
        {
            if (sent with { Id = null, Version = null } != new App())
                throw new ChangeRefusedException(
                    [new ChangeProblem($"{path}/version", "The 'version' field may only be combined with the 'id' field.")]);
            var old = await VersionAsync(request, id, version);
            return root => Put(root, old, path);
        }

        // Whatever does not need the newest tree is found out before the loop is asked.
        var whole = partial ? null : AppDefinitions.CreateAt(id, sent, request.Rules, path);
        return root =>
        {
            var existing = root.FindApp(id);
            if (existing is null && !mayCreate) throw new AppNotFoundException(id);
            var app = whole ?? (existing is null or { IsPod: true }
                ? AppDefinitions.CreateAt(id, sent, request.Rules, path)
                : AppDefinitions.Update(existing, sent, request.Rules, path));
            return Put(root, app, path);
        };
    }

    /// <summary>Nothing but a count is sent: a person's order, not a definition that is sent again.</summary>
    private static bool OrdersCount(App sent, bool partial) =>
        partial && sent.Instances is not null && sent with { Id = null, Instances = null } == new App();

    private static GroupDefinition Put(GroupDefinition root, AppDefinition app, string path)
    {
        var problems = new Problems();
        problems.Unless(root.FindApp(app.Id) is null or { IsPod: false }, $"{path}/id", $"a pod has the id {app.Id}");
        TreeValidation.Validate(root, app.Id, path, problems);
        problems.ThrowIfAny();
        return root.PutApp(app);
    }
}
