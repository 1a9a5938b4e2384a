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
        if (request.IsKnown()) return Task.CompletedTask;
        return request.JsonAsync([.. request.Snapshot.Deployments.Select(Of)], MarathonJson.Default.IReadOnlyListDeployment);
    }

    public static async Task OneAsync(ApiRequest request)
    {
        var id = (string)request.Context.Request.RouteValues["id"]!;
        if (request.Method != "DELETE") throw request.NotAllowed("DELETE");
        if (await request.Scheduler.CancelDeploymentAsync(id, request.Force, request.Cancellation) is { } rollback)
        {
            await request.DeploymentAsync(rollback);
            return;
        }

        request.Context.Response.StatusCode = 202;
    }

    /// <summary>The steps, as a dry run shows them.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<Deployments.DeploymentStep> steps)
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
            AffectedApps = [.. status.AffectedApps.Select(app => app.Path)],
            Steps = [.. status.Steps.Select(step => new Wire.DeploymentStep([.. step.Actions.Select(action => Of(action, null))]))],
            CurrentActions = [.. (current?.Actions ?? []).Select(action => Of(action, status))],
            CurrentStep = Math.Min(status.CurrentStep + 1, status.Steps.Count),
            TotalSteps = status.Steps.Count,
        };
    }

    private static Wire.DeploymentAction Of(Deployments.DeploymentAction action, DeploymentStatus? current) => new()
    {
        Action = action.Kind.ToString(),
        App = action.App.Path,
        ReadinessCheckResults = current is null ? null :
        [
            .. current.ReadinessResults.Where(result => State.TaskIds.AppPathOf(result.TaskId) == "/" + action.App.Safe.Replace('_', '/'))
                .Select(result => JsonText.Element(json => AppView.Write(json, result))),
        ],
    };
}
