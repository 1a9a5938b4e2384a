using System.Net;
using System.Text.Json;
using LifecycleManager.Clusters;
using LifecycleManager.Clusters.Http;
using LifecycleManager.Protocol.Marathon;
using Refit;

namespace LifecycleManager.Scaling.Targets.Marathon;

/// <summary>
/// Our own scheduler, or a real Marathon. A change carries what it was decided from: our scheduler checks it where it makes the
/// change. A real Marathon has no condition, so there the app is read and compared directly before the change; what comes in the
/// moment between is not seen.
/// </summary>
internal sealed class MarathonTarget(IMarathonApi api, Uri address) : IScalingTarget
{
    // An app of ours is itself as long as it is there; of a real Marathon's it is only known when its definition last changed.
    private const string Made = "made ";
    private const string Defined = "defined ";

    private static readonly string[] Embed = ["apps.counts", "apps.deployments"];

    public string Description => $"marathon at {address}";

    public async Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation)
    {
        try
        {
            var list = await api.GetApps(Embed, manager: "lcm", cancellation: cancellation);

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

    /// <remarks>Marathon takes an app off its list when its deletion begins, and answers 404 from then on.</remarks>
    public async Task<bool> IsGoneAsync(string app, CancellationToken cancellation)
    {
        try
        {
            await api.GetApp(app.TrimStart('/'), cancellation);
            return false;
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound && ErrorOf(e)?.Message is { Length: > 0 })
        {
            // Marathon's own words, not a proxy's page.
            return true;
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

    public async Task<ScaleResult> ReleaseAsync(string app, CancellationToken cancellation)
    {
        try
        {
            await api.UpdateApp(
                app.TrimStart('/'), new App(), countOwner: CountOwners.Nobody, cancellation: cancellation);
            return new ScaleResult(ScaleStatus.Applied);
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return new ScaleResult(ScaleStatus.NotFound, "the app is gone");
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            return new ScaleResult(ScaleStatus.Unavailable, Explain(e));
        }
    }

    public async Task<IReadOnlyList<MemoryEnd>> GetMemoryEndsAsync(CancellationToken cancellation)
    {
        try
        {
            var list = await api.GetApps(["apps.lastTaskFailure"], cancellation: cancellation);
            if (list?.Apps is null) throw new JsonException();
            return [.. list.Apps.Select(MemoryEnds.Of).OfType<MemoryEnd>()];
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new TargetUnavailableException(Explain(e), e);
        }
    }

    private async Task<(ScaleResult Result, IReadOnlyList<string> LockedBy)> PutAsync(
        ScaleRequest request, bool? force, CancellationToken cancellation)
    {
        try
        {
            var made = request.Seen.Identity is { } identity && identity.StartsWith(Made, StringComparison.Ordinal)
                ? identity[Made.Length..] : null;
            if (made is null && await CompareAsync(request, cancellation) is { } why)
                return (new ScaleResult(ScaleStatus.Outdated, why), []);
            var answer = await api.UpdateApp(
                request.App.TrimStart('/'), new App { Instances = request.Count }, force,
                countOwner: CountOwners.Of(request.Policy), ifInstances: request.Seen.Count, ifCreatedAt: made,
                cancellation: cancellation);
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
                case HttpStatusCode.PreconditionFailed:
                    var found = error is { Instances: { } count, CreatedAt: { } createdAt }
                        ? request.Seen.Contradiction(new CountSeen(count, Made + createdAt)) : null;
                    return (new ScaleResult(ScaleStatus.Outdated, found ?? message), []);
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

    /// <summary>Why a change must not be made, by what is there; null where it may be.</summary>
    private async Task<string?> CompareAsync(ScaleRequest request, CancellationToken cancellation)
    {
        var found = Seen((await api.GetApp(request.App.TrimStart('/'), cancellation))?.App ?? throw new JsonException());
        return (request.Seen with { Count = request.Count }).Contradiction(found) is null ? null
            : request.Seen.Contradiction(found);
    }

    /// <summary>The call may or may not have been carried out: the count tells.</summary>
    private async Task<ScaleResult> SettleAsync(ScaleRequest request, string why, CancellationToken cancellation)
    {
        try
        {
            var app = (await api.GetApp(request.App.TrimStart('/'), cancellation))?.App;
            if (app is null) return new ScaleResult(ScaleStatus.Unavailable, why);
            var settled = request.Settle(Seen(app), why);
            return settled.Status == ScaleStatus.Applied && app.Deployments is [var deployment, ..]
                ? settled with { Deployment = deployment.Id } : settled;
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
        ApiRequestException { InnerException: { } inner } => HttpErrors.Explain(inner, address),
        ApiException { StatusCode: HttpStatusCode.Unauthorized } =>
            $"{address} wants credentials (401): check the manager's target token or password file",
        ApiException { StatusCode: HttpStatusCode.Forbidden } api =>
            $"{address} does not let these credentials do that (403){Said(api)}",
        ApiException api when (int)api.StatusCode >= 400 => $"{address} answered {(int)api.StatusCode}{Said(api)}",
        ApiException => $"{address} did not answer with what Marathon answers",
        _ => HttpErrors.Explain(e, address),
    };

    private static string Said(ApiException e) => ErrorOf(e)?.Message is { } message ? ": " + message : "";

    private static MarathonError? ErrorOf(ApiException e)
    {
        if (string.IsNullOrEmpty(e.Content)) return null;
        try
        {
            var error = JsonSerializer.Deserialize(e.Content, MarathonJson.Default.MarathonError);
            return error is null ? null : error with { Message = HttpErrors.Clip(error.Message) };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static CountSeen Seen(App app) => new(
        app.Instances ?? 1,
        app.CreatedAt is { } made ? Made + made : app.VersionInfo is { } version ? Defined + version.LastConfigChangeAt : null);

    private static ScalableApp ToScalable(App app)
    {
        var instances = app.Instances ?? 1;
        var running = app.TasksRunning ?? 0;
        var id = app.Id!.StartsWith('/') ? app.Id : "/" + app.Id;
        return new ScalableApp
        {
            Id = id,
            Identity = Seen(app).Identity,
            HasLastingIdentity = app.CreatedAt is not null,
            Labels = app.Labels,
            Instances = instances,
            Running = running,
            Healthy = app.HealthChecks is { Count: > 0 } ? app.TasksHealthy ?? 0 : running,
            Staged = Math.Max(app.TasksStaged ?? 0, instances - running),
            Deploying = app.Deployments is { Count: > 0 },
            // What has a place is staged or runs.
            Waiting = Math.Max(0, instances - running - (app.TasksStaged ?? 0)),
            Dependencies = app.Dependencies is { Count: > 0 } dependencies
                ? [.. dependencies.Select(other => Absolute(other, id))] : null,
            Cpus = app.Cpus,
            Memory = app.Mem,
            CountOwner = app.CountOwner,
            Suspended = app.CountSuspended == true,
        };
    }

    /// <summary>A dependency's id, which may be relative to the app's group: <c>../db</c>.</summary>
    private static string Absolute(string path, string app)
    {
        if (path.StartsWith('/')) return path;
        var parts = app.Split('/', StringSplitOptions.RemoveEmptyEntries).SkipLast(1).ToList();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0) parts.RemoveAt(parts.Count - 1);
            else if (part is not ("." or "..")) parts.Add(part);
        }

        return "/" + string.Join('/', parts);
    }
}
