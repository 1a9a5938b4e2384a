using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary>
/// Mesos' v1 operator API: <c>POST /api/v1</c>. What of it this master does not have is answered by 501 with the call's name.
/// </summary>
internal sealed class OperatorApi(LeaderEndpoints endpoints, MasterOptions options, MasterMetrics metrics, StreamMemory streams)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/v1", endpoints.Leader(Permission.None, ServeAsync));

    private async Task ServeAsync(HttpContext context, MasterTerm term)
    {
        var call = await endpoints.ReadAsync(context, OperatorJson.Default.OperatorCall);

        // Whatever does not only read needs the right to change, also a call that comes to be later.
        var reads = call.Type is "SUBSCRIBE" or null || call.Type.StartsWith("GET_", StringComparison.Ordinal);
        LeaderEndpoints.Need(context, reads ? Permission.View : Permission.Operate);
        switch (call.Type)
        {
            case "GET_HEALTH": await AnswerAsync(context, call, json => json.WriteBoolean("healthy", true)); break;
            case "GET_VERSION": await AnswerAsync(context, call, OperatorViews.Version); break;
            case "GET_FLAGS": await AnswerAsync(context, call, json => OperatorViews.OfFlags(json, options)); break;
            case "GET_STATE": await ViewAsync(context, term, call, OperatorViews.State); break;
            case "GET_AGENTS": await ViewAsync(context, term, call, OperatorViews.Agents); break;
            case "GET_FRAMEWORKS": await ViewAsync(context, term, call, OperatorViews.Frameworks); break;
            case "GET_TASKS": await ViewAsync(context, term, call, OperatorViews.Tasks); break;
            case "GET_ROLES": await ViewAsync(context, term, call, OperatorViews.Roles); break;
            case "GET_METRICS":
                await ViewAsync(context, term, call,
                (json, view) => OperatorViews.OfMetrics(json, MasterSnapshotMetrics.All(view, metrics))); break;
            case "GET_MASTER":
                await ViewAsync(context, term, call, (json, view) => OperatorViews.Master(json, view, options, term.ElectedAt));
                break;
            case "GET_QUOTA":
                var quotas = await term.AskAsync(core => core.Roles.Current);
                await AnswerAsync(context, call, json => SettingsViews.Quotas(json, quotas));
                break;
            case "GET_WEIGHTS":
                var weights = await term.AskAsync(core => core.Roles.Current);
                await AnswerAsync(context, call, json => SettingsViews.Weights(json, weights));
                break;
            case "GET_EXECUTORS": await AnswerAsync(context, call, OperatorViews.Executors); break;

            // Operations are those of resource providers and of operations with an id, which are refused.
            case "GET_OPERATIONS": await AnswerAsync(context, call, json => OperatorViews.EmptyList(json, "operations")); break;
            case "GET_MAINTENANCE_STATUS":
                var planned = await term.AskAsync(core => core.Schedule);
                await AnswerAsync(context, call, json => SettingsViews.MaintenanceStatus(json, planned));
                break;
            case "GET_MAINTENANCE_SCHEDULE":
                var schedule = await term.AskAsync(core => core.Schedule);
                await AnswerAsync(context, call, json => SettingsViews.Schedule(json, schedule));
                break;
            case "UPDATE_WEIGHTS":
                var infos = Present(call.UpdateWeights?.WeightInfos, "update_weights.weight_infos");
                var updates = infos.Select((info, i) => Present(info, $"update_weights.weight_infos[{i}]"))
                    .Select(info => (info.Role, info.Weight)).ToList();
                await ChangeAsync(context, term, core => core.Roles.UpdateWeights(updates));
                break;
            case "UPDATE_QUOTA":
                var configs = Present(call.UpdateQuota?.QuotaConfigs, "update_quota.quota_configs");
                for (var i = 0; i < configs.Count; i++) Present(configs[i], $"update_quota.quota_configs[{i}]");
                await ChangeAsync(context, term, core => core.Roles.UpdateQuota(configs, call.UpdateQuota!.Force ?? false));
                break;
            case "SET_QUOTA":
                var quota = Present(call.SetQuota?.QuotaRequest, "set_quota.quota_request");
                var wanted = QuotaRequests.Config(quota);
                await ChangeAsync(context, term, core => core.Roles.SetQuota(wanted, quota.Force ?? false));
                break;
            case "REMOVE_QUOTA":
                var without = Present(call.RemoveQuota?.Role, "remove_quota.role");
                await ChangeAsync(context, term, core => core.Roles.RemoveQuota(without));
                break;
            case "UPDATE_MAINTENANCE_SCHEDULE":
                var update = Present(call.UpdateMaintenanceSchedule?.Schedule, "update_maintenance_schedule.schedule");
                await ChangeAsync(context, term, core => core.Maintenance.UpdateSchedule(update));
                break;
            case "DRAIN_AGENT":
                var draining = Agent(call.DrainAgent?.AgentId, "drain_agent.agent_id");
                var grace = call.DrainAgent!.MaxGracePeriod;
                if (grace?.Nanoseconds < 0) throw Invalid("'drain_agent.max_grace_period' must be non-negative");
                await ChangeAsync(context, term, core => core.Operations.Drain(draining, grace?.ToTimeSpan(),
                    call.DrainAgent.MarkGone ?? false));
                break;
            case "DEACTIVATE_AGENT":
                var deactivated = Agent(call.DeactivateAgent?.AgentId, "deactivate_agent.agent_id");
                await ChangeAsync(context, term, core => core.Operations.Deactivate(deactivated));
                break;
            case "REACTIVATE_AGENT":
                var reactivated = Agent(call.ReactivateAgent?.AgentId, "reactivate_agent.agent_id");
                await ChangeAsync(context, term, core => core.Operations.Reactivate(reactivated));
                break;
            case "MARK_AGENT_GONE":
                var gone = Agent(call.MarkAgentGone?.AgentId, "mark_agent_gone.agent_id");
                await ChangeAsync(context, term, core => core.Removal.MarkGone(gone));
                break;
            case "RESERVE_RESOURCES":
            case "UNRESERVE_RESOURCES":
                var (part, isReserve) = call.Type[0] == 'R' ? (call.ReserveResources, true) : (call.UnreserveResources, false);
                var at = call.Type.ToLowerInvariant();
                var on = Agent(part?.AgentId, $"{at}.agent_id");
                var resources = Present(part!.Resources, $"{at}.resources");
                for (var i = 0; i < resources.Count; i++) Present(resources[i], $"{at}.resources[{i}]");
                await ChangeAsync(context, term, core => core.Reservations.Reserve(on, resources, isReserve,
                    AccessControl.PrincipalOf(context)?.Name));
                break;
            case "TEARDOWN":
                if (call.Teardown?.FrameworkId is not { Value.Length: > 0 } framework)
                    throw Invalid("Expecting 'teardown.framework_id' to be present");
                await ChangeAsync(context, term, core => core.Frameworks.Teardown(framework));
                break;
            case "SUBSCRIBE": await SubscribeAsync(context, term); break;
            case { Length: > 0 }: throw new CallException(StatusCodes.Status501NotImplemented, $"{call.Type} is not implemented");
            default: throw Invalid("Expecting 'type' to be present");
        }

        if (reads || context.Response.StatusCode >= StatusCodes.Status300MultipleChoices) return;
        AuditTrail.Record(context, call.Type!, SubjectOf(call),
            after: JsonSerializer.SerializeToElement(call, OperatorJson.Default.OperatorCall));
    }

    private static string? SubjectOf(OperatorCall call) => (call.DrainAgent?.AgentId ?? call.DeactivateAgent?.AgentId
        ?? call.ReactivateAgent?.AgentId ?? call.MarkAgentGone?.AgentId ?? call.ReserveResources?.AgentId
        ?? call.UnreserveResources?.AgentId)?.Value ?? call.Teardown?.FrameworkId?.Value
        ?? call.SetQuota?.QuotaRequest?.Role ?? call.RemoveQuota?.Role;

    private async Task SubscribeAsync(HttpContext context, MasterTerm term)
    {
        var stream = new EventStream<OperatorEvent>(message => OperatorEventJson.Encode(message, options),
            options.StreamCapacity, streams);
        if (!await term.AskAsync(core => core.Events.Subscribe(stream, core.Views.All)))
        {
            throw new CallException(StatusCodes.Status503ServiceUnavailable,
                $"{options.MaxSubscribers} operators are subscribed already");
        }

        try
        {
            await stream.PumpAsync(context);
        }
        finally
        {
            await term.PostAsync(core => core.Events.StreamEnded(stream));
        }
    }

    private static T Present<T>(T? value, string name) where T : class =>
        value ?? throw Invalid($"Expecting '{name}' to be present");

    private static AgentId Agent(AgentId? id, string name) =>
        id is { Value.Length: > 0 } present ? present : throw Invalid($"Expecting '{name}' to be present");

    private static CallException Invalid(string text) =>
        new(StatusCodes.Status400BadRequest, $"Failed to validate master::Call: {text}");

    // The loop starts the change; its completion is awaited off the loop.
    public static async Task ChangeAsync(HttpContext context, MasterTerm term, Func<MasterCore, Task<OperatorResult>> change)
    {
        var changing = await term.AskAsync(change);
        var result = await changing.WaitAsync(term.Ended);
        await LeaderEndpoints.AnswerAsync(context, result.Status, result.Text);
    }

    private static async Task ViewAsync(HttpContext context, MasterTerm term, OperatorCall call,
        Action<Utf8JsonWriter, MasterView> write)
    {
        var view = await term.AskAsync(core => core.Views.All());
        await AnswerAsync(context, call, json => write(json, view));
    }

    private static Task AnswerAsync(HttpContext context, OperatorCall call, Action<Utf8JsonWriter> write) =>
        StateApi.JsonAsync(context, json =>
    {
        json.WriteString("type", call.Type);
        json.WriteStartObject(call.Type!.ToLowerInvariant());
        write(json);
        json.WriteEndObject();
    });
}
