using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary><c>/quota</c> and <c>/weights</c>, read and set. As in Mesos, a body's media type is not looked at.</summary>
internal static class RoleEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, string prefix, LeaderEndpoints endpoints)
    {
        routes.MapGet(prefix + "/quota", endpoints.Leader(Permission.View, async (context, term) =>
        {
            var roles = await term.AskAsync(core => core.Roles.Current);
            await StateApi.JsonAsync(context, json => SettingsViews.QuotaStatus(json, roles));
        }));
        routes.MapPost(prefix + "/quota", endpoints.Leader(Permission.Operate, async (context, term) =>
        {
            var request = await endpoints.ReadAsync(context, OperatorJson.Default.QuotaRequest, anyMedia: true);
            var quota = QuotaRequests.Config(request);
            await ChangeAsync(context, term, core => core.Roles.SetQuota(quota, request.Force ?? false), "SET_QUOTA", quota.Role,
                JsonSerializer.SerializeToElement(request, OperatorJson.Default.QuotaRequest));
        }));
        routes.MapDelete(prefix + "/quota/{parent}/{**child}", endpoints.Leader(Permission.Operate, async (context, term) =>
        {
            // The slashes of a role's name may be encoded or not.
            var role = $"{context.GetRouteValue("parent")}/{context.GetRouteValue("child")}".TrimEnd('/')
                .Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            await ChangeAsync(context, term, core => core.Roles.RemoveQuota(role), "REMOVE_QUOTA", role, null);
        }));
        routes.MapGet(prefix + "/weights", endpoints.Leader(Permission.View, async (context, term) =>
        {
            var roles = await term.AskAsync(core => core.Roles.Current);
            context.Response.ContentType = "application/json";
            await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
            SettingsViews.WeightList(json, roles);
            await json.FlushAsync(context.RequestAborted);
        }));
        routes.MapPut(prefix + "/weights", endpoints.Leader(Permission.Operate, async (context, term) =>
        {
            var infos = await endpoints.ReadAsync(context, OperatorJson.Default.ListWeightInfo, anyMedia: true);
            var weights = infos.Select(info => ((info.Role ?? "").Trim(), info.Weight)).ToList();
            await ChangeAsync(context, term, core => core.Roles.UpdateWeights(weights), "UPDATE_WEIGHTS", null,
                JsonSerializer.SerializeToElement(infos, OperatorJson.Default.ListWeightInfo));
        }));
    }

    private static async Task ChangeAsync(HttpContext context, MasterTerm term, Func<MasterCore, Task<OperatorResult>> change,
        string what, string? subject, JsonElement? after)
    {
        await OperatorApi.ChangeAsync(context, term, change);
        if (context.Response.StatusCode == StatusCodes.Status200OK)
            AuditTrail.Record(context, what, subject, after: after);
    }
}
