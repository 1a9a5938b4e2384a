using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary><c>GET /v1/audit</c>: who changed what.</summary>
internal static class AuditApi
{
    private const int MaxPageSize = 1_000;

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/audit", ListAsync);

    private static async Task ListAsync(HttpContext http)
    {
        var filter = new AuditFilter();
        foreach (var (name, values) in http.Request.Query)
        {
            var text = values.ToString();
            switch (name)
            {
                case "who": filter = filter with { Who = text }; break;
                case "what": filter = filter with { What = text }; break;
                case "subject": filter = filter with { Subject = text }; break;
                case "before": filter = filter with { Before = text }; break;
                case "from" when ManagerApi.TryTime(text, out var from): filter = filter with { From = from }; break;
                case "to" when ManagerApi.TryTime(text, out var to): filter = filter with { To = to }; break;
                case "limit" when ManagerApi.TryCount(text, MaxPageSize, out var limit):
                    filter = filter with { Limit = limit };
                    break;
                default:
                    await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, Wrong(name, text), name);
                    return;
            }
        }

        var services = http.RequestServices;
        var tables = services.GetRequiredService<RecordTables>();
        var term = services.GetRequiredService<ManagerState>().Term;
        if (term is null) http.Response.Headers[ManagerApi.LeaderHeader] = await ManagerApi.LeaderAsync(http) ?? "none";
        var kept = term?.Audit.Entries
            ?? await AuditLog.ReadAsync(services.GetRequiredService<IStateStore>(), http.RequestAborted);
        var page = await AuditTable.QueryAsync(
            filter, kept, tables.Readable(tables.Audit, leads: term is not null), http.RequestAborted);
        await ManagerApi.WriteAsync(http, page, AuditJson.Default.AuditPage);
    }

    private static string Wrong(string name, string text) => name switch
    {
        "limit" => $"limit '{text}' must be a number from 1 to {MaxPageSize}",
        "from" or "to" => $"{name} '{text}' is not a time such as 2026-11-24T19:00:00Z",
        _ => $"unknown parameter '{name}': the audit is filtered by who, what, subject, from, to, before and limit",
    };
}
