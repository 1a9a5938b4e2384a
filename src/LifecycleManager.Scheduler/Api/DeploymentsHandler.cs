using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;
using Wire = LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/deployments</c>.</summary>
internal static class DeploymentsHandler
{
    public static Task ListAsync(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD")) throw request.NotAllowed("GET");
        if (request.IsKnown(request.Snapshot)) return Task.CompletedTask;
        return request.JsonAsync([.. request.Snapshot.Deployments.Select(Of)], MarathonJson.Default.IReadOnlyListDeployment);
    }

    /// <summary><c>pause</c>, <c>resume</c>, <c>promote</c> and <c>abort</c>, what Marathon has not.</summary>
    public static async Task SteerAsync(ApiRequest request)
    {
        var id = (string)request.Context.Request.RouteValues["id"]!;
        var word = (string)request.Context.Request.RouteValues["word"]!;
        var steering = word switch
        {
            "pause" => DeploymentSteering.Pause,
            "resume" => DeploymentSteering.Resume,
            "promote" => request.Flag("full") ? DeploymentSteering.PromoteFull : DeploymentSteering.Promote,
            "abort" => (DeploymentSteering?)null,
            _ => throw ApiException.NotFound($"a deployment can be told to pause, resume, promote or abort, not '{word}'"),
        };
        if (request.Method != "POST") throw request.NotAllowed("POST");
        if (steering is null)
            await request.DeploymentAsync(
                (await request.Scheduler.CancelDeploymentAsync(id, force: false, request.Cancellation))!);
        else await request.JsonAsync(Of(await request.Scheduler.SteerAsync(id, steering.Value, request.Force,
            request.Cancellation)), MarathonJson.Default.Deployment);
    }

    public static async Task OneAsync(ApiRequest request)
    {
        var id = (string)request.Context.Request.RouteValues["id"]!;
        if (request.Method is "GET" or "HEAD")
        {
            var status = request.Snapshot.Deployments.FirstOrDefault(deployment => deployment.Id == id)
                ?? throw new DeploymentNotFoundException(id);
            await request.JsonAsync(Of(status), MarathonJson.Default.Deployment);
            return;
        }

        if (request.Method != "DELETE") throw request.NotAllowed("GET, DELETE");
        if (await request.Scheduler.CancelDeploymentAsync(id, request.Force, request.Cancellation) is { } rollback)
        {
            await request.DeploymentAsync(rollback);
            return;
        }

        request.Context.Response.StatusCode = 202;
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
            Version = Instants.Write(status.Version),
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
        var since = status.HeldSince is { } held ? Instants.Write(held) : null;
        if (status.IsPaused)
            return new DeploymentPause { Since = since, Message = "it was paused; POST to /resume lets it go on" };
        return since is null ? null : current?.Pause?.For is { } time
            ? new DeploymentPause
            {
                Since = since,
                Until = Instants.Write(status.HeldSince!.Value + time),
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
            .. current.ReadinessResults.Where(result => State.TaskIds.AppPathOf(result.TaskId) == "/"
                + action.App.Safe.Replace('_', '/'))
                .Select(result => JsonText.Element(json => AppView.Write(json, result))),
        ],
    };
}
