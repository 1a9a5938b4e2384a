using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Security;
using Wire = LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/deployments</c>.</summary>
internal static class DeploymentsHandler
{
    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/deployments", Needs.View, ListAsync, "Deployments", "Deployments under way.")
        {
            Answer = typeof(IReadOnlyList<Deployment>),
        },
        new("GET", "/v2/deployments/{id}", Needs.View, GetAsync, "Deployments", "A deployment under way.")
        {
            Answer = typeof(Deployment), Failures = [404],
        },
        new("DELETE", "/v2/deployments/{id}", Needs.Deploy, CancelAsync, "Deployments",
            "Cancels a deployment and takes its apps back; with force, leaves them as they are (202).")
        {
            Query = [ApiParameter.Force], Answer = typeof(DeploymentResult), OtherStatus = 202, Failures = [404],
        },
        new("POST", "/v2/deployments/{id}/pause", Needs.Deploy, PauseAsync, "Deployments",
            "Replaces nothing more until it is resumed.")
        {
            Answer = typeof(Deployment), Failures = [404, 409],
        },
        new("POST", "/v2/deployments/{id}/resume", Needs.Deploy, ResumeAsync, "Deployments", "Lets a paused deployment go on.")
        {
            Answer = typeof(Deployment), Failures = [404, 409],
        },
        new("POST", "/v2/deployments/{id}/promote", Needs.Deploy, PromoteAsync, "Deployments",
            "Ends the rest after a stage of a rollout (label lcm.canary, blue-green).")
        {
            Query =
            [
                new("full", "End all further stages too.", ApiParameterKind.Flag),
                new("force", "Also where the new version is not healthy.", ApiParameterKind.Flag),
            ],
            Answer = typeof(Deployment), Failures = [400, 404, 409],
        },
        new("POST", "/v2/deployments/{id}/abort", Needs.Deploy, AbortAsync, "Deployments",
            "Takes its apps back to what they were.")
        {
            Answer = typeof(DeploymentResult), Failures = [404],
        },
    ]);

    private static Task ListAsync(ApiRequest request)
    {
        if (request.IsKnown(request.Snapshot)) return Task.CompletedTask;
        return request.JsonAsync([.. request.Snapshot.Deployments.Select(Of)], MarathonJson.Default.IReadOnlyListDeployment);
    }

    private static Task GetAsync(ApiRequest request)
    {
        var id = request.Parameters["id"];
        var status = request.Snapshot.Deployments.FirstOrDefault(deployment => deployment.Id == id)
            ?? throw new DeploymentNotFoundException(id);
        return request.JsonAsync(Of(status), MarathonJson.Default.Deployment);
    }

    private static async Task CancelAsync(ApiRequest request)
    {
        var id = IdOf(request);
        if (await request.Scheduler.CancelDeploymentAsync(id, request.Force, request.Cancellation) is { } rollback)
        {
            await request.DeploymentAsync(rollback);
            return;
        }

        request.Context.Response.StatusCode = 202;
    }

    private static Task PauseAsync(ApiRequest request) => SteerAsync(request, DeploymentSteering.Pause);

    private static Task ResumeAsync(ApiRequest request) => SteerAsync(request, DeploymentSteering.Resume);

    private static Task PromoteAsync(ApiRequest request) =>
        SteerAsync(request, request.Flag("full") ? DeploymentSteering.PromoteFull : DeploymentSteering.Promote);

    private static async Task SteerAsync(ApiRequest request, DeploymentSteering steering) => await request.JsonAsync(
        Of(await request.Scheduler.SteerAsync(IdOf(request), steering, request.Force, request.Cancellation)),
        MarathonJson.Default.Deployment);

    private static async Task AbortAsync(ApiRequest request) => await request.DeploymentAsync(
        (await request.Scheduler.CancelDeploymentAsync(IdOf(request), force: false, request.Cancellation))!);

    /// <summary>The deployment that the path names, where the caller may steer it.</summary>
    /// <exception cref="AppsForbiddenException">He may not, for one of its apps.</exception>
    /// <exception cref="DeploymentNotFoundException">He may see none of its apps.</exception>
    private static string IdOf(ApiRequest request)
    {
        var id = request.Parameters["id"];
        var isHidden = !request.Scope.MayEverywhere(GroupPermission.View)
            && request.Snapshot.Deployments.All(deployment => deployment.Id != id);
        if (isHidden) throw new DeploymentNotFoundException(id);
        ChangeAccess.CheckDeployment(request.Scope, request.Whole, id);
        return id;
    }

    /// <summary>The steps, as a dry run shows them.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<PlannedStep> steps)
    {
        json.WriteStartObject();
        json.WriteStartArray("steps");
        foreach (var step in steps) EventMessages.WriteStep(json, step);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Deployment Of(DeploymentStatus status)
    {
        var current = status.CurrentStep < status.Steps.Count ? status.Steps[status.CurrentStep] : null;
        return new Deployment
        {
            Id = status.Id,
            Version = Timestamps.Write(status.Version),
            OthersAffected = status.Unseen > 0 ? status.Unseen : null,
            AffectedApps = [.. Affected(status, pods: false)],
            AffectedPods = [.. Affected(status, pods: true)],
            Steps = [
                .. status.Steps.Select(step => new Wire.DeploymentStep([.. step.Actions.Select(action => Of(action, null))]))],
            CurrentActions = [.. (current?.Actions ?? []).Select(action => Of(action, status))],
            CurrentStep = Math.Min(status.CurrentStep + 1, status.Steps.Count),
            TotalSteps = status.Steps.Count,
            Paused = Pause(status, current),
        };
    }

    private static IEnumerable<string> Affected(DeploymentStatus status, bool pods) =>
        status.Steps.SelectMany(step => step.Actions).Where(action => action.IsPod == pods).Select(action => action.App.Path)
        .Distinct();

    private static DeploymentPause? Pause(DeploymentStatus status, PlannedStep? current)
    {
        var since = status.HeldSince is { } held ? Timestamps.Write(held) : null;
        if (status.IsPaused)
            return new DeploymentPause { Since = since, Message = "it was paused; POST to /resume lets it go on" };
        return since is null ? null : current?.Pause?.For is { } time
            ? new DeploymentPause
            {
                Since = since,
                Until = Timestamps.Write(status.HeldSince!.Value + time),
                Message = $"it rests for {time.TotalSeconds:0} s"
            }
            : new DeploymentPause { Since = since, Message = "it waits to be promoted: POST to /promote, or to /abort" };
    }

    private static Wire.DeploymentAction Of(PlannedAction action, DeploymentStatus? current) => new()
    {
        Action = action.Name,
        App = action.IsPod ? null : action.App.Path,
        Pod = action.IsPod ? action.App.Path : null,
        Stage = action.Stage?.ToString(),
        ReadinessCheckResults = current is null ? null :
        [
            .. current.ReadinessResults.Where(result => TaskIds.AppPathOf(result.TaskId) == "/"
                + action.App.Safe.Replace('_', '/'))
                .Select(result => JsonText.Element(json => AppView.Write(json, result))),
        ],
    };
}
