using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// <c>/v2/apps/{id}/blue-green</c>, what Marathon has not: a new version beside the one that serves, verified, switched to, or
/// given up.
/// </summary>
internal static class BlueGreenHandler
{
    public static readonly IReadOnlyList<ApiOperation> Operations =
    [
        new("POST", "/v2/apps/{**id}/blue-green/verify", Needs.Deploy, VerifyAsync, "Blue-green",
            "Whether the new version may take over; with 409, what is missing.")
        {
            IsMeant = IsOfApp, Answer = typeof(BlueGreenState), Failures = [404, 409],
        },
        new("POST", "/v2/apps/{**id}/blue-green/switch", Needs.Deploy, SwitchAsync, "Blue-green",
            "Gives the work to the new version.")
        {
            IsMeant = IsOfApp, Answer = typeof(BlueGreenState), Failures = [404, 409],
        },
        new("POST", "/v2/apps/{**id}/blue-green/abort", Needs.Deploy, AbortAsync, "Blue-green", "Goes back to the old version.")
        {
            IsMeant = IsOfApp, Answer = typeof(DeploymentResult), Failures = [404],
        },
        new("GET", "/v2/apps/{**id}/blue-green", Needs.View, GetAsync, "Blue-green", "How it stands.")
        {
            IsMeant = IsOfApp, Answer = typeof(BlueGreenState), Failures = [404],
        },
        new("POST", "/v2/apps/{**id}/blue-green", Needs.Deploy, BeginAsync, "Blue-green",
            "Starts a new version beside the one that serves, and switches once it is healthy.")
        {
            IsMeant = IsOfApp,
            Query =
            [
                new("switch", "auto without it.") { Values = ["auto", "manual"] },
                new("verify", "With auto: how long it must be healthy before the switch.", ApiParameterKind.Duration),
                new("keep", "How long the old version is kept after the switch, to go back to.", ApiParameterKind.Duration),
                new("abortAfter", "Give the new version up when it is not healthy within this time.", ApiParameterKind.Duration),
                ApiParameter.Force, ApiParameter.Reason,
            ],
            Body = typeof(App), Answer = typeof(DeploymentResult), Failures = ApiFailures.Change,
        },
    ];

    /// <summary>
    /// Nothing is within an app, so that no id of another one is taken away; whoever begins is told where there is no app.
    /// </summary>
    private static bool IsOfApp(ApiRequest request) => request.Method == "POST"
        || (request.Snapshot.Apps.TryGetValue(request.Id, out var status)
            && status is { IsRemoved: false, Definition.IsPod: false });

    private static AppId IdOf(ApiRequest request) => AppsHandler.Find(request, request.Id).Definition.Id;

    private static Task GetAsync(ApiRequest request)
    {
        var id = IdOf(request);
        var state = StateOf(Deployment(request, id), request.Snapshot.Apps[id]);
        return request.JsonAsync(state, MarathonJson.Default.BlueGreenState);
    }

    private static async Task BeginAsync(ApiRequest request)
    {
        var id = IdOf(request);
        var options = new BlueGreenOptions(id)
        {
            SwitchesItself = request.Text("switch") switch
            {
                null or "auto" => true,
                "manual" => false,
                var other => throw ApiException.BadRequest($"switch={other} must be auto or manual"),
            },
            Verify = Time(request, "verify") ?? TimeSpan.Zero,
            Keep = Time(request, "keep") ?? TimeSpan.Zero,
            AbortAfter = Time(request, "abortAfter"),
        };
        if (options.AbortAfter == TimeSpan.Zero) throw ApiException.BadRequest("abortAfter must be over zero");
        if (!options.SwitchesItself && options.Verify > TimeSpan.Zero)
            throw ApiException.BadRequest("verify is for switch=auto: with manual, whoever switches has verified");
        var sent = AppDefinitions.ReadApp(await request.BodyAsync());
        var change = await AppsHandler.ChangeOfAsync(request, id, sent, partial: true, "");
        var receipt = await request.ChangeAsync(
            root =>
            {
                var before = root.FindApp(id) ?? throw new AppNotFoundException(id);
                var changed = change(root);
                var after = changed.FindApp(id)!;
                if (before.SameAs(after, count: false))
                    throw new ChangeRefusedException(
                        [new ChangeProblem("/", "nothing changes but the count: there is no other version to switch to")]);
                if (before.Instances == 0 || after.Instances == 0)
                    throw new ChangeRefusedException([new ChangeProblem("/instances",
                        "must be over zero before and after, for one version to stand beside the other")]);
                return changed;
            },
            request.Change($"{id} was changed, blue-green") with { BlueGreen = options });
        if (receipt.Root.FindApp(id) is { } app)
            request.Scheduler.PublishApiPost(request.Context.Request.Path, request.Context.Connection.RemoteIpAddress, app);
        await request.DeploymentAsync(receipt);
    }

    private static Task VerifyAsync(ApiRequest request)
    {
        var id = IdOf(request);
        var state = StateOf(Deployment(request, id), request.Snapshot.Apps[id]);
        return request.JsonAsync(state, MarathonJson.Default.BlueGreenState, state.Missing.Count == 0 ? 200 : 409);
    }

    private static async Task SwitchAsync(ApiRequest request)
    {
        var id = IdOf(request);
        var deployment = Deployment(request, id);
        ChangeAccess.CheckDeployment(request.Scope, request.Whole, deployment.Id);
        var state = StateOf(deployment, request.Snapshot.Apps[id]);
        if (state.State is not ("starting" or "ready"))
            throw new DeploymentStateException(deployment.Id, $"has switched already: it is {state.State}");
        if (deployment.HeldSince is null)
        {
            throw new DeploymentStateException(
                deployment.Id,
                $"cannot switch: {(state.Missing.Count > 0 ? string.Join("; ", state.Missing) : "it is not verified yet")}");
        }

        await request.Scheduler.SteerAsync(deployment.Id, DeploymentSteering.Promote, force: false, request.Cancellation);
        await request.JsonAsync(StateNow(request, deployment, id), MarathonJson.Default.BlueGreenState);
    }

    private static async Task AbortAsync(ApiRequest request)
    {
        var deployment = Deployment(request, IdOf(request)).Id;
        ChangeAccess.CheckDeployment(request.Scope, request.Whole, deployment);
        await request.DeploymentAsync(
            (await request.Scheduler.CancelDeploymentAsync(deployment, force: false, request.Cancellation))!);
    }

    private static DeploymentStatus Deployment(ApiRequest request, AppId id) =>
        request.Snapshot.Deployments.FirstOrDefault(deployment => deployment.IsBlueGreen && deployment.AffectedApps.Contains(id))
            ?? throw ApiException.NotFound($"no blue-green deployment of '{id}' is under way");

    // With nothing left of blue to wait for, the deployment may be over.
    private static BlueGreenState StateNow(ApiRequest request, DeploymentStatus deployment, AppId id)
    {
        var snapshot = request.Scheduler.Snapshot;
        return StateOf(
            snapshot.Deployments.FirstOrDefault(now => now.Id == deployment.Id)
            ?? deployment with { CurrentStep = deployment.Steps.Count },
            snapshot.Apps[id]);
    }

    private static BlueGreenState StateOf(DeploymentStatus deployment, AppStatus app)
    {
        var id = app.Definition.Id;
        var step = deployment.CurrentStep < deployment.Steps.Count ? deployment.Steps[deployment.CurrentStep] : null;
        var stage = step?.Actions.FirstOrDefault(action => action.App == id)?.Stage?.Kind;
        var begun = step is null || deployment.Steps.Take(deployment.CurrentStep + 1)
            .Any(one => one.Actions.Any(action => action.App == id));
        var switched = deployment.IsRollback || (begun && stage != RolloutKind.Green);

        // Back to blue, it is blue that has the wanted configuration.
        bool IsGreen(Instance instance) => (instance.ConfigVersion == app.LastConfigChangeAt) != deployment.IsRollback;
        var (blue, green) = (Side(app, instance => !IsGreen(instance)), Side(app, IsGreen));
        var count = app.Definition.Instances;
        blue = blue with
        {
            InService = deployment.IsRollback || !switched,
            Instances = deployment.IsRollback ? count : switched
            ? 0 : blue.Instances
        };
        green = green with { InService = !blue.InService, Instances = deployment.IsRollback ? 0 : count };
        var missing = new List<string>();
        if (!deployment.IsRollback && green.Running < count) missing.Add($"{green.Running} of {count} new instances run");
        if (!deployment.IsRollback && green.Healthy < count)
            missing.Add($"{green.Healthy} of {count} new instances are healthy and ready");
        return new BlueGreenState
        {
            App = id.Path,
            DeploymentId = deployment.Id,
            State = deployment.IsRollback ? "aborting" : !switched ? missing.Count == 0 ? "ready" : "starting"
                : stage == RolloutKind.Switched ? "switched" : "ending",
            Missing = missing,
            Blue = blue,
            Green = green,
            Until = deployment.HeldSince is { } held && step?.Pause?.For is { } time ? Timestamps.Write(held + time) : null,
        };
    }

    private static BlueGreenSide Side(AppStatus app, Func<Instance, bool> within)
    {
        var active = app.Instances.Where(instance => instance.IsActive && within(instance)).ToList();
        var running = active.Where(instance => instance.State == InstanceState.Running).ToList();
        return new BlueGreenSide
        {
            InService = false,
            Instances = active.Count,
            Running = running.Count,
            Healthy = running.Count(instance => instance.Ready
                && (app.Definition.HealthChecks.Count == 0 || instance.Healthy == true)),
        };
    }

    private static TimeSpan? Time(ApiRequest request, string name) => request.Text(name) is not { } text ? null
        : LabelDuration.TryParse(text, out var time) ? time
        : throw ApiException.BadRequest($"{name}={text} must be {LabelDuration.Form}");
}
