using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary><c>/maintenance/schedule</c>, read and set, and <c>/maintenance/status</c>.</summary>
internal static class MaintenanceEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, string prefix, LeaderEndpoints endpoints)
    {
        routes.MapGet(prefix + "/maintenance/schedule", endpoints.Leader(Permission.View, async (context, term) =>
        {
            var schedule = await term.AskAsync(core => core.Schedule);
            context.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(
                context.Response.Body, schedule, RegistryJson.Default.MaintenanceSchedule, context.RequestAborted);
        }));
        routes.MapGet(prefix + "/maintenance/status", endpoints.Leader(Permission.View, async (context, term) =>
        {
            var schedule = await term.AskAsync(core => core.Schedule);
            await StateApi.JsonAsync(context, json => SettingsViews.Machines(json, schedule));
        }));
        routes.MapPost(prefix + "/maintenance/schedule", endpoints.Leader(Permission.Operate, async (context, term) =>
        {
            var schedule = await endpoints.ReadAsync(context, StrictJson.Registry.MaintenanceSchedule, anyMedia: true);
            var changing = await term.AskAsync(core => core.Maintenance.UpdateSchedule(schedule));
            var result = await changing.WaitAsync(term.Ended);
            if (result.Status == StatusCodes.Status200OK)
            {
                AuditTrail.Record(context, "UPDATE_MAINTENANCE_SCHEDULE", subject: null,
                    after: JsonSerializer.SerializeToElement(schedule, RegistryJson.Default.MaintenanceSchedule));
            }

            await LeaderEndpoints.AnswerAsync(context, result.Status, result.Text);
        }));
    }
}
