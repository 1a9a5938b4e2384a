using LifecycleManager.Runtime.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>Reports the health of a role, without credentials: load balancers and probes have none.</summary>
public static class HealthEndpoints
{
    /// <summary>
    /// Maps <c>/health</c>: 200 while the role can do its work, standing by and starting included, else 503 with the reasons.
    /// </summary>
    public static void MapHealth(this WebApplication app, RoleHealth health, string path = "/health") =>
        app.MapGet(path, () =>
        {
            var verdict = health.Verdict();
            return Results.Json(
                new { status = verdict.Status, state = verdict.State, detail = verdict.Detail, reasons = verdict.Reasons },
                statusCode: verdict.IsUp ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        }).Needs(Permission.None);

    /// <summary>Maps <c>/ping</c>: the process lives and answers, which is all that a liveness probe may ask.</summary>
    public static void MapPing(this WebApplication app) => app.MapGet("/ping", () => Results.Text("pong")).Needs(Permission.None);
}
