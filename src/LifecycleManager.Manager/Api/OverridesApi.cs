using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>/v1/apps/{id}/override</c>: a count in place of the policy's, for a time; <c>/v1/overrides</c> lists all.
/// </summary>
internal static class OverridesApi
{
    private const string Suffix = "/override";
    private const int MaxBodyBytes = 16 * 1024;
    private const int MaxInstances = 1_000_000;
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(366);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/overrides", async http =>
            await WriteAsync(http, await CurrentAsync(http))).AsksByApp();
        app.MapPost("/v1/apps/{**id}", SetAsync).WithMetadata(new BodyLimit(MaxBodyBytes)).AsksByApp();
        app.MapDelete("/v1/apps/{**id}", LiftAsync).AsksByApp();
    }

    /// <summary>The app whose override the path names; null where it names none.</summary>
    public static string? AppOf(HttpContext http) =>
        (string?)http.Request.RouteValues["id"] is { } id && id.EndsWith(Suffix, StringComparison.Ordinal)
            ? "/" + id[..^Suffix.Length].Trim('/') : null;

    /// <summary>Answers with the override of an app.</summary>
    public static async Task GetAsync(HttpContext http, string app)
    {
        if (ManagerApi.Sees(http, app) && (await CurrentAsync(http)).FirstOrDefault(entry => entry.App == app) is { } entry)
            await ManagerApi.WriteAsync(http, entry, ManagerJson.Default.OverrideEntry);
        else await RefuseUnknownAsync(http, app);
    }

    private static async Task SetAsync(HttpContext http)
    {
        if (AppOf(http) is not { } app)
        {
            await RefusePathAsync(http);
            return;
        }

        if (!await ManagerApi.MayScaleAsync(http, app)) return;
        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var (body, until, field, message, status) = await ReadAsync(http, now);
        if (body is null)
        {
            await ManagerApi.RefuseAsync(http, status, message!, field);
            return;
        }

        var state = http.RequestServices.GetRequiredService<ManagerState>();
        if (state.Term is not { Fence: { } fence } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
        }
        else if (state.Snapshot.Apps.GetValueOrDefault(app) is not { } governed)
        {
            await AppsApi.RefuseUnknownAsync(http, app);
        }
        else if (governed.Evaluation.DryRun)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status409Conflict,
                $"the policy '{governed.Policy}' only watches: whoever asks the target for a count has it");
        }
        else
        {
            var entry = new OverrideEntry
            {
                App = app,
                Instances = body.Instances!.Value,
                Reason = body.Reason,
                By = AccessControl.PrincipalOf(http)?.Name,
                Since = now,
                Until = until,
            };
            await ManagerApi.StoreAsync(http, async () =>
            {
                var before = term.Overrides.Of(app);
                await term.Overrides.SetAsync(entry, fence, http.RequestAborted);
                await Audit.RecordAsync(
                    http, "override", app, before, entry, ManagerJson.Default.OverrideEntry, body.Reason);
                Log(http).LogInformation("{App} is {Override}", app, entry);
                await WriteAsync(http, term.Overrides.Current);
            });
        }
    }

    private static async Task LiftAsync(HttpContext http)
    {
        if (AppOf(http) is not { } app)
        {
            await RefusePathAsync(http);
        }
        else if (!await ManagerApi.MayScaleAsync(http, app))
        {
            // Answered.
        }
        else if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { Fence: { } fence } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
        }
        else
        {
            await ManagerApi.StoreAsync(http, async () =>
            {
                var before = term.Overrides.Of(app);
                if (!await term.Overrides.LiftAsync(app, fence, http.RequestAborted))
                {
                    await RefuseUnknownAsync(http, app);
                    return;
                }

                Log(http).LogInformation("The override of {App} is lifted", app);
                await Audit.RecordAsync(http, "override lifted", app, before, null, ManagerJson.Default.OverrideEntry);
                await WriteAsync(http, term.Overrides.Current);
            });
        }
    }

    private static async Task<(OverrideBody? Body, DateTimeOffset Until, string? Field, string? Message, int Status)> ReadAsync(
        HttpContext http, DateTimeOffset now)
    {
        var (body, field, message, status) = await ManagerApi.ReadAsync(http, ManagerJson.Default.OverrideBody);
        if (body is null) return (null, default, field, message, status);
        if (body.Instances is not (>= 0 and <= MaxInstances))
            return Wrong("instances", $"instances must be there, from 0 to {MaxInstances}");
        if (ManagerApi.WrongReason(body.Reason) is { } wrong) return Wrong("reason", wrong);
        if (body.Until is not { } text) return Wrong("until", "until must be there: a duration such as 2h, or an instant");
        DateTimeOffset until;
        if (DurationText.TryParse(text, out var duration)) until = now + duration;
        else if (text.Length > 100 || !ManagerApi.TryTime(text, out until))
            return Wrong("until", $"until is neither a duration such as 2h nor an instant such as {now:yyyy-MM-ddTHH:mm:ssZ}");
        return until <= now ? Wrong("until", $"until must be in the future: it is {now:O}")
            : until - now > MaxTime ? Wrong("until", $"until must be within {MaxTime.TotalDays} days")
            : (body, until, null, null, StatusCodes.Status200OK);

        static (OverrideBody?, DateTimeOffset, string?, string?, int) Wrong(string field, string message) =>
            (null, default, field, message, StatusCodes.Status400BadRequest);
    }

    /// <summary>What is in force; who does not lead has no copy, and reads the store.</summary>
    private static async Task<IReadOnlyList<OverrideEntry>> CurrentAsync(HttpContext http)
    {
        var services = http.RequestServices;
        if (services.GetRequiredService<ManagerState>().Term is { } term) return term.Overrides.Current;
        http.Response.Headers[ManagerApi.LeaderHeader] = await ManagerApi.LeaderAsync(http) ?? "none";
        return await OverrideStore.ReadAsync(
            services.GetRequiredService<IStateStore>(), services.GetRequiredService<TimeProvider>(), http.RequestAborted);
    }

    private static Task WriteAsync(HttpContext http, IReadOnlyList<OverrideEntry> overrides) =>
        ManagerApi.WriteAsync(
            http, new OverridesAnswer([.. overrides.Where(entry => ManagerApi.Sees(http, entry.App))]),
            ManagerJson.Default.OverridesAnswer);

    private static Task RefuseUnknownAsync(HttpContext http, string app) => ManagerApi.RefuseAsync(
        http, StatusCodes.Status404NotFound, $"no override of '{app}' is in force");

    private static Task RefusePathAsync(HttpContext http)
    {
        http.Response.Headers.Allow = HttpMethods.Get;
        return ManagerApi.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed,
            "of an app, /v1/apps/{id}/override alone can be set and lifted");
    }

    private static ILogger Log(HttpContext http) => http.RequestServices.GetRequiredService<ILogger<OverrideStore>>();
}
