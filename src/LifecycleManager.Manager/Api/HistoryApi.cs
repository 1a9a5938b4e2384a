using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.History;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>GET /v1/history</c>: counts and metrics as CSV, filtered by app, since and until. Of one app a table with a column a
/// metric, as <c>lcm policy replay</c> reads it; of all apps lines of <c>time,app,name,value</c>.
/// </summary>
internal static class HistoryApi
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/history", ExportAsync).AsksByApp();

    private static async Task ExportAsync(HttpContext http)
    {
        if (ManagerApi.HasUnknown(http, out var unknown, "app", "since", "until"))
        {
            await ManagerApi.RefuseAsync(
                http, StatusCodes.Status400BadRequest,
                $"unknown parameter '{unknown}': history is filtered by app, since and until", unknown);
            return;
        }

        if (!TryTime(http, "since", out var since, out var wrong) || !TryTime(http, "until", out var until, out wrong))
        {
            await ManagerApi.RefuseAsync(
                http, StatusCodes.Status400BadRequest, $"{wrong} is not a time such as 2026-11-24T19:00:00Z", wrong);
            return;
        }

        if (http.RequestServices.GetRequiredService<ManagerState>().Term is null)
        {
            // Only the leader has seen anything.
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        var app = (string?)http.Request.Query["app"] is { Length: > 0 } text ? "/" + text.Trim('/') : null;
        http.Response.ContentType = "text/csv; charset=utf-8";
        var history = http.RequestServices.GetRequiredService<MetricHistory>();
        if (app is not null)
        {
            foreach (var row in MetricHistory.Table(Read()))
                await http.Response.WriteAsync(row, http.RequestAborted);
            return;
        }

        await http.Response.WriteAsync("time,app,name,value\n", http.RequestAborted);
        var lines = new System.Text.StringBuilder();
        foreach (var (id, name, points) in Read())
        {
            lines.Clear();
            foreach (var point in points) lines.Append(MetricHistory.Line(id, name, point));
            await http.Response.WriteAsync(lines.ToString(), http.RequestAborted);
        }

        IReadOnlyList<(string App, string Name, IReadOnlyList<MetricHistory.Point> Points)> Read() =>
            [.. history.Read(app, since, until).Where(series => ManagerApi.Sees(http, series.App))];
    }

    private static bool TryTime(HttpContext http, string name, out DateTimeOffset? time, out string? wrong)
    {
        (time, wrong) = (null, null);
        if ((string?)http.Request.Query[name] is not { Length: > 0 } text) return true;
        if (ManagerApi.TryTime(text, out var parsed))
        {
            time = parsed;
            return true;
        }

        wrong = name;
        return false;
    }
}
