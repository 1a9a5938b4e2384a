using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/stop</c> and <c>/v1/start</c>: all changes of all managers at once.</summary>
internal static class StopApi
{
    private const int MaxBodyBytes = 16 * 1024;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/stop", GetAsync).ShowsNoApp();
        app.MapPost("/v1/stop", http => SwitchAsync(http, StopAsync)).WithMetadata(new BodyLimit(MaxBodyBytes));
        app.MapPost("/v1/start", http => SwitchAsync(http, StartAsync)).WithMetadata(new BodyLimit(MaxBodyBytes));
    }

    private static async Task GetAsync(HttpContext http)
    {
        var services = http.RequestServices;
        if (services.GetRequiredService<ManagerState>().Term is { } term)
        {
            await WriteAsync(http, term.Stop.Current);
            return;
        }

        // Who does not lead has no copy: what is in the store now counts.
        http.Response.Headers[ManagerApi.LeaderHeader] = await ManagerApi.LeaderAsync(http) ?? "none";
        await WriteAsync(http, await StopSwitch.ReadAsync(
            services.GetRequiredService<IStateStore>(), services.GetRequiredService<TimeProvider>(), http.RequestAborted));
    }

    private static async Task SwitchAsync(
        HttpContext http, Func<StopSwitch, Call, Fence, CancellationToken, Task<StopEntry?>> change)
    {
        if (await ManagerApi.ReadReasonAsync(http) is not { } body) return;
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { Fence: { } fence } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
        }
        else
        {
            var log = http.RequestServices.GetRequiredService<ILogger<StopSwitch>>();
            await ManagerApi.StoreAsync(http, async () =>
            {
                var before = term.Stop.Current;
                var stop = await change(
                    term.Stop, new Call(AccessControl.PrincipalOf(http)?.Name, body.Reason, log), fence, http.RequestAborted);

                if (stop != before)
                {
                    await Audit.RecordAsync(http, stop is null ? "start" : "stop", null, before, stop,
                        ManagerJson.Default.StopEntry, body.Reason);
                }

                // What is shown, and done, is so from now on.
                term.Ask("stop or start");
                await WriteAsync(http, stop);
            });
        }
    }

    private static async Task<StopEntry?> StopAsync(StopSwitch switched, Call call, Fence fence, CancellationToken cancellation)
    {
        var stop = await switched.StopAsync(call.Reason, call.By, fence, cancellation);
        call.Log.LogWarning("{Principal} stops all changes: {Reason}; they are {Stop}", call.By ?? "somebody",
            call.Reason ?? "no reason given", stop);
        return stop;
    }

    private static async Task<StopEntry?> StartAsync(StopSwitch switched, Call call, Fence fence, CancellationToken cancellation)
    {
        var ended = await switched.StartAsync(fence, cancellation);
        call.Log.LogWarning("{Principal} starts changes again: {Reason}; they were {Stop}", call.By ?? "somebody",
            call.Reason ?? "no reason given", ended?.ToString() ?? "not stopped");
        return null;
    }

    private static Task WriteAsync(HttpContext http, StopEntry? stop) => ManagerApi.WriteAsync(
        http,
        new StopAnswer(stop is not null, stop?.Since, stop?.By, stop?.Reason,
            stop is null ? "changes are made: nobody has stopped them" : $"all changes are {stop}"),
        ManagerJson.Default.StopAnswer);

    /// <summary>Who calls, why, and what gets it for the audit.</summary>
    private sealed record Call(string? By, string? Reason, ILogger Log);
}
