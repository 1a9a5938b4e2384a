using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Api;

/// <summary><c>/v1/pause</c>, <c>/v1/resume</c>, <c>/v1/pauses</c>.</summary>
internal static class PausesApi
{
    private const int LongestBody = 16 * 1024;
    private const int LongestReason = 500;
    private const double LongestPause = 366 * 24 * 3600d;

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

            await ManagerApi.WriteAsync(http, new PausesAnswer(pauses), ManagerJson.Default.PausesAnswer);
        });
        app.MapPost("/v1/pause", http => ChangeAsync(http, resume: false)).WithMetadata(new BodyLimit(LongestBody));
        app.MapPost("/v1/resume", http => ChangeAsync(http, resume: true)).WithMetadata(new BodyLimit(LongestBody));
    }

    private static async Task ChangeAsync(HttpContext http, bool resume)
    {
        var (body, field, message, status) = await ReadAsync(http, resume);
        if (body is null)
        {
            await ManagerApi.RefuseAsync(http, status, message!, field);
            return;
        }

        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { Fence: { } fence, Pauses: var pauses })
        {
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        var logger = http.RequestServices.GetRequiredService<ILogger<PauseStore>>();
        var app = body.App is null ? null : "/" + body.App.Trim('/');
        var what = Enum.Parse<Pause>(body.What ?? "all", ignoreCase: true);
        try
        {
            if (resume)
            {
                if (await pauses.ResumeAsync(app, what, fence, http.RequestAborted))
                {
                    logger.LogInformation("{What} of {App} goes on", what, app ?? "every app");
                }
            }
            else
            {
                var time = http.RequestServices.GetRequiredService<TimeProvider>();
                DateTimeOffset? until = body.Seconds is { } seconds ? time.GetUtcNow().AddSeconds(seconds) : null;
                await pauses.PauseAsync(app, what, body.Reason, until, fence, http.RequestAborted);
                logger.LogInformation("{What} of {App} is paused: {Reason}", what, app ?? "every app",
                    body.Reason ?? "no reason given");
            }

            await ManagerApi.WriteAsync(http, new PausesAnswer(pauses.Current), ManagerJson.Default.PausesAnswer);
        }
        catch (InvalidOperationException e)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status409Conflict, e.Message);
        }
        catch (Exception e) when (e is ObjectDisposedException or FencedException or StateUnavailableException
            or WriteOutcomeUnknownException)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, $"it could not be stored: {e.Message}");
        }
    }

    private static async Task<(PauseBody? Body, string? Field, string? Message, int Status)> ReadAsync(HttpContext http,
        bool resume)
    {
        var read = await ManagerApi.ReadAsync(http, ManagerJson.Default.PauseBody, otherwise: new PauseBody());
        if (read.Body is not { } body) return read;
        if (body.What is not (null or "all" or "scaleIn" or "scaleOut"))
        {
            return Wrong("what", $"what '{body.What}' is none of all, scaleIn, scaleOut");
        }

        if (body.App is { } app && (app.Trim('/').Length == 0 || app.Length > 1024)) return Wrong("app", "app is not an app id");
        if (body.Reason?.Length > LongestReason) return Wrong("reason", $"reason is over {LongestReason} characters");
        if (resume && body.Seconds is not null) return Wrong("seconds", "a resume takes no seconds");
        if (body.Seconds is { } seconds && !(seconds is > 0 and <= LongestPause))
        {
            return Wrong("seconds", $"seconds must be more than 0 and at most {LongestPause}");
        }

        return (body, null, null, StatusCodes.Status200OK);

        static (PauseBody?, string?, string?, int) Wrong(string? field, string message) =>
            (null, field, message, StatusCodes.Status400BadRequest);
    }
}
