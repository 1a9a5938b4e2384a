using LifecycleManager.Runtime.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>Reports the health of a role, without credentials: load balancers and probes have none.</summary>
public static class HealthEndpoints
{
    /// <summary>What stands in place of reasons, which may name apps, for those who may not see all.</summary>
    public const string Withheld = "who has the permission 'view' is told";

    /// <summary>
    /// Maps <c>/health</c>: 200 while the role can do its work, standing by and starting included, else 503 with the reasons.
    /// Where callers are asked who they are, reasons and warnings, which may name apps, are for who may see all.
    /// </summary>
    public static void MapHealth(this WebApplication app, RoleHealth health, AccessControl access, string path = "/health") =>
        app.MapGet(path, async (HttpContext context) =>
        {
            var verdict = health.Verdict();
            var sees = await access.MaySeeAllAsync(context);
            return Results.Json(
                new
                {
                    status = verdict.Status,
                    state = verdict.State,
                    detail = sees ? verdict.Detail : verdict.Reasons.Count > 0 ? Withheld : verdict.State,
                    reasons = Shown(verdict.Reasons, sees),
                    warnings = Shown(verdict.Warnings, sees),
                },
                statusCode: verdict.IsUp ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        }).Needs(Permission.None);

    /// <summary>Texts that may name apps, for who may see all; else how many there are.</summary>
    public static IReadOnlyList<string> Shown(IReadOnlyList<string> texts, bool sees) =>
        sees || texts.Count == 0 ? texts : [$"{texts.Count}: {Withheld}"];

    /// <summary>Maps <c>/ping</c>: the process lives and answers, which is all that a liveness probe may ask.</summary>
    public static void MapPing(this WebApplication app) => app.MapGet("/ping", () => Results.Text("pong")).Needs(Permission.None);
}
