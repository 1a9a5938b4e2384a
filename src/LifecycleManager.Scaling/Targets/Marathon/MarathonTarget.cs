using System.Net;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using Refit;

namespace LifecycleManager.Scaling.Targets.Marathon;

/// <summary>Our own scheduler, or a real Marathon.</summary>
internal sealed class MarathonTarget(IMarathonApi api, Uri address) : IScalingTarget
{
    private static readonly string[] Embed = ["apps.counts", "apps.deployments"];

    public string Description => $"marathon at {address}";

    public async Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation)
    {
        try
        {
            var list = await api.GetApps(Embed, cancellation: cancellation);

            // No list is not an empty one: it would look as if every app were gone.
            if (list?.Apps is null) throw new JsonException();
            return [.. list.Apps.Where(app => app.Id is not null).Select(ToScalable)];
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new TargetUnavailableException(Explain(e), e);
        }
    }

    public async Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation)
    {
        try
        {
            var first = await PutAsync(request, force: null, cancellation);
            if (first.Result.Status != ScaleStatus.Locked || request.OwnDeployment is not { } own) return first.Result;
            if (first.LockedBy.Count != 1 || first.LockedBy[0] != own) return first.Result;

            // Only our own last change of the count is in the way: the newer count takes its place.
            var second = await PutAsync(request, force: true, cancellation);
            return second.Result.Status == ScaleStatus.Applied
                ? second.Result with { Detail = $"replaced deployment {own}, which was our own last change" }
                : second.Result;
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            return await SettleAsync(request, Explain(e), cancellation);
        }
    }

    private async Task<(ScaleResult Result, IReadOnlyList<string> LockedBy)> PutAsync(
        ScaleRequest request, bool? force, CancellationToken cancellation)
    {
        try
        {
            var answer = await api.UpdateApp(
                request.App.TrimStart('/'), new App { Instances = request.Count }, force,
                countOwner: $"policy {HeaderText(request.Policy)}", cancellation: cancellation);
            if (answer is null) throw new JsonException();
            return (new ScaleResult(ScaleStatus.Applied, answer.Message, answer.DeploymentId), []);
        }
        catch (ApiException e) when ((int)e.StatusCode is >= 400 and < 500 and not (408 or 429))
        {
            var error = ErrorOf(e);
            var message = error?.Message ?? $"HTTP {(int)e.StatusCode} {e.ReasonPhrase}";
            switch (e.StatusCode)
            {
                case HttpStatusCode.Conflict:
                    IReadOnlyList<string> locks = [.. (error?.Deployments ?? []).Select(deployment => deployment.Id)];
                    var by = locks.Count == 0 ? message : $"locked by deployment {string.Join(", ", locks)}";
                    return (new ScaleResult(ScaleStatus.Locked, by), locks);
                case HttpStatusCode.NotFound:
                    return (new ScaleResult(ScaleStatus.NotFound, message), []);
                case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                    return (new ScaleResult(ScaleStatus.Refused, Explain(e)), []);
                default:
                    var details = (error?.Details ?? []).Select(detail => $"{detail.Path}: {string.Join("; ", detail.Errors)}");
                    return (new ScaleResult(ScaleStatus.Refused, string.Join("; ", details.Prepend(message))), []);
            }
        }
    }

    /// <summary>The call may or may not have arrived. The count itself tells.</summary>
    private async Task<ScaleResult> SettleAsync(ScaleRequest request, string why, CancellationToken cancellation)
    {
        try
        {
            var app = (await api.GetApp(request.App.TrimStart('/'), cancellation))?.App;
            return app?.Instances == request.Count
                ? new ScaleResult(ScaleStatus.Applied, $"confirmed by reading back, since {why}",
                    app.Deployments is [var deployment, ..] ? deployment.Id : null)
                : new ScaleResult(ScaleStatus.Unavailable, why);
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return new ScaleResult(ScaleStatus.NotFound, "the app is gone");
        }
        catch (Exception)
        {
            cancellation.ThrowIfCancellationRequested();
            return new ScaleResult(ScaleStatus.Unavailable, why);
        }
    }

    private string Explain(Exception e) => e switch
    {
        ApiRequestException { InnerException: { } inner } => TargetErrors.Explain(inner, address),
        ApiException { StatusCode: HttpStatusCode.Unauthorized } =>
            $"{address} wants credentials (401): check the manager's target token or password file",
        ApiException { StatusCode: HttpStatusCode.Forbidden } api =>
            $"{address} does not let these credentials do that (403){Said(api)}",
        ApiException api when (int)api.StatusCode >= 400 => $"{address} answered {(int)api.StatusCode}{Said(api)}",
        ApiException => $"{address} did not answer with what Marathon answers",
        _ => TargetErrors.Explain(e, address),
    };

    private static string Said(ApiException e) => ErrorOf(e)?.Message is { } message ? ": " + message : "";

    private static MarathonError? ErrorOf(ApiException e)
    {
        if (string.IsNullOrEmpty(e.Content)) return null;
        try
        {
            var error = JsonSerializer.Deserialize(e.Content, MarathonJson.Default.MarathonError);
            return error is null ? null : error with { Message = TargetErrors.Clip(error.Message) };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ScalableApp ToScalable(App app)
    {
        var instances = app.Instances ?? 1;
        var running = app.TasksRunning ?? 0;
        return new ScalableApp
        {
            Id = app.Id!.StartsWith('/') ? app.Id : "/" + app.Id,
            Labels = app.Labels,
            Instances = instances,
            Running = running,
            Healthy = app.HealthChecks is { Count: > 0 } ? app.TasksHealthy ?? 0 : running,
            Staged = Math.Max(app.TasksStaged ?? 0, instances - running),
            Deploying = app.Deployments is { Count: > 0 },
        };
    }

    // A header is Latin letters, digits and punctuation; a policy's name may be more.
    private static string HeaderText(string name) => string.Concat(name.Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
