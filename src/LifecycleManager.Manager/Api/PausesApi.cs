using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/pause</c>, <c>/v1/resume</c>, <c>/v1/pauses</c>.</summary>
internal static class PausesApi
{
    private const int MaxBodyBytes = 16 * 1024;
    private const double MaxPauseSeconds = 366 * 24 * 3600d;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/pauses", async http =>
        {
            if (http.RequestServices.GetRequiredService<ManagerState>().Term?.Pauses.Current is not { } pauses)
            {
                // Who does not lead has no copy: what is in the store now counts.
                http.Response.Headers[ManagerApi.LeaderHeader] = await ManagerApi.LeaderAsync(http) ?? "none";
                pauses = await PauseStore.ReadAsync(
                    http.RequestServices.GetRequiredService<IStateStore>(),
                    http.RequestServices.GetRequiredService<TimeProvider>(), http.RequestAborted);
            }

            await WriteAsync(http, pauses);
        }).AsksByApp();
        app.MapPost("/v1/pause", http => ChangeAsync(http, resume: false)).WithMetadata(new BodyLimit(MaxBodyBytes)).AsksByApp();
        app.MapPost("/v1/resume", http => ChangeAsync(http, resume: true)).WithMetadata(new BodyLimit(MaxBodyBytes)).AsksByApp();
    }

    private static async Task ChangeAsync(HttpContext http, bool resume)
    {
        var (body, field, message, status) = await ReadAsync(http, resume);
        if (body is null)
        {
            await ManagerApi.RefuseAsync(http, status, message!, field);
            return;
        }

        var app = body.App is null ? null : "/" + body.App.Trim('/');
        if (!await MayAsync(http, app)) return;
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { Fence: { } fence, Pauses: var pauses } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        var logger = http.RequestServices.GetRequiredService<ILogger<PauseStore>>();
        var what = Enum.Parse<Pause>(body.What ?? "all", ignoreCase: true);
        await ManagerApi.StoreAsync(http, async () =>
        {
            var before = Of(pauses, app);
            if (resume)
            {
                if (await pauses.ResumeAsync(app, what, fence, http.RequestAborted))
                {
                    logger.LogInformation("{What} of {App} is resumed", what, app ?? "every app");
                    await RecordAsync("resume");
                }
            }
            else
            {
                var time = http.RequestServices.GetRequiredService<TimeProvider>();
                DateTimeOffset? until = body.Seconds is { } seconds ? time.GetUtcNow().AddSeconds(seconds) : null;
                await pauses.PauseAsync(app, what, body.Reason, until, fence, http.RequestAborted);
                logger.LogInformation("{What} of {App} is paused: {Reason}", what, app ?? "every app",
                    body.Reason ?? "no reason given");
                await RecordAsync("pause");
            }

            // What is shown, and done, is as it is paused from now on.
            term.Ask("pauses changed");
            await WriteAsync(http, pauses.Current);

            Task RecordAsync(string done) => Audit.RecordAsync(
                http, done, app, before, Of(pauses, app), ManagerJson.Default.PauseEntry, body.Reason);
        });
    }

    /// <summary>Whether the caller may pause an app, or with null all; if not, he is told.</summary>
    private static async Task<bool> MayAsync(HttpContext http, string? app)
    {
        if (app is not null) return await ManagerApi.MayScaleAsync(http, app);
        if (AccessControl.May(http, Permission.Operate)) return true;
        await ManagerApi.RefuseAsync(
            http, StatusCodes.Status403Forbidden, AccessControl.Refused(http, Permission.Operate), "app");
        return false;
    }

    /// <summary>The pauses of all apps, and of those that may be seen.</summary>
    private static Task WriteAsync(HttpContext http, IReadOnlyList<PauseEntry> pauses) => ManagerApi.WriteAsync(
        http, new PausesAnswer([.. pauses.Where(entry => entry.App is null || ManagerApi.Sees(http, entry.App))]),
        ManagerJson.Default.PausesAnswer);

    private static PauseEntry? Of(PauseStore pauses, string? app) => pauses.Current.FirstOrDefault(entry => entry.App == app);

    private static async Task<(PauseBody? Body, string? Field, string? Message, int Status)> ReadAsync(HttpContext http,
        bool resume)
    {
        var read = await ManagerApi.ReadAsync(http, ManagerJson.Default.PauseBody, otherwise: new PauseBody());
        if (read.Body is not { } body) return read;
        if (body.What is not (null or "all" or "scaleIn" or "scaleOut"))
        {
            return Wrong("what", $"what '{body.What}' must be all, scaleIn or scaleOut");
        }

        if (body.App is { } app && (app.Trim('/').Length == 0 || app.Length > 1024)) return Wrong("app", "app is not an app id");
        if (ManagerApi.WrongReason(body.Reason) is { } wrong) return Wrong("reason", wrong);
        if (resume && body.Seconds is not null) return Wrong("seconds", "a resume takes no seconds");
        if (body.Seconds is { } seconds && !(seconds is > 0 and <= MaxPauseSeconds))
        {
            return Wrong("seconds", $"seconds must be more than 0 and at most {MaxPauseSeconds}");
        }

        return (body, null, null, StatusCodes.Status200OK);

        static (PauseBody?, string?, string?, int) Wrong(string? field, string message) =>
            (null, field, message, StatusCodes.Status400BadRequest);
    }
}
