using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary>
/// The agents' API: <c>POST /api/v1/agent</c>; see <see cref="AgentCall"/>. 403: the agent is to register again.
/// </summary>
internal sealed class AgentApi(LeaderEndpoints endpoints, MasterOptions options, StreamMemory streams)
{
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/agent", endpoints.Leader(Permission.Agent, ServeAsync));

    private async Task ServeAsync(HttpContext context, MasterTerm term)
    {
        var call = await endpoints.ReadAsync(context, StrictJson.Agents.AgentCall, call => call.Type == AgentCallType.Unknown);
        if (Problem(call) is { } problem)
            throw new CallException(StatusCodes.Status400BadRequest, $"Failed to validate agent call: {problem}");
        if (call.Type == AgentCallType.Register)
        {
            await RegisterAsync(context, term, call.Register!);
            return;
        }

        var streamId = context.Request.Headers["Mesos-Stream-Id"].ToString();
        var isRegistered = await term.AskAsync(core => Serve(core, call, streamId));
        if (isRegistered) await LeaderEndpoints.AnswerAsync(context, StatusCodes.Status202Accepted);
        else await LeaderEndpoints.AnswerAsync(
            context, StatusCodes.Status403Forbidden, "The agent is not registered on this stream");
    }

    private async Task RegisterAsync(HttpContext context, MasterTerm term, RegisterCall call)
    {
        var stream = new EventStream<AgentEvent>(
            message => JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.AgentEvent), options.StreamCapacity,
            streams)
        { Remote = context.Connection.RemoteIpAddress };
        await term.AskAsync(core =>
        {
            core.Agents.Register(call, stream);
            return true;
        });
        try
        {
            await stream.PumpAsync(context);
        }
        finally
        {
            await term.PostAsync(core => core.Connections.StreamEnded(stream, stream.AgentId));
        }
    }

    private static bool Serve(MasterCore core, AgentCall call, string streamId)
    {
        if (core.Connections.AgentOf(call.AgentId, streamId) is not { } agent) return false;
        switch (call.Type)
        {
            case AgentCallType.Update: core.Tasks.Update(agent, call.Update!); break;
            case AgentCallType.Unregister:
                core.Counters.Inc(MasterCount.MessagesUnregisterSlave);
                core.Removal.Unregister(agent);
                break;
            case AgentCallType.Oversubscribe:
                core.Counters.Inc(MasterCount.MessagesUpdateSlave);
                core.Reservations.Oversubscribe(agent, call.Oversubscribe!.Resources);
                break;
            case AgentCallType.Message: core.Messages.Message(agent, call.Message!); break;
        }

        return true;
    }

    private static string? Problem(AgentCall call) => call.Type switch
    {
        AgentCallType.Register when call.Register?.AgentInfo is null => "Expecting 'register.agent_info' to be present",
        AgentCallType.Register when string.IsNullOrEmpty(call.Register!.AgentInfo.Hostname) =>
            "Expecting 'register.agent_info.hostname' to be present",
        AgentCallType.Register when call.Register!.Address is { } address
            && !(Uri.TryCreate(address, UriKind.Absolute, out var url) && (url.Scheme == "http" || url.Scheme == "https")) =>
            "Expecting 'register.address' to be an address of http or https",
        AgentCallType.Register => call.Register!.Tasks?.Select((task, i) =>
            task?.Task is null || task.Status is null || string.IsNullOrEmpty(task.Task.TaskId.Value)
            || string.IsNullOrEmpty(task.FrameworkId.Value)
                ? $"'register.tasks[{i}]' is incomplete" : null).FirstOrDefault(problem => problem is not null),
        AgentCallType.Update when call.Update?.Status is null || string.IsNullOrEmpty(call.Update.Status.TaskId.Value) =>
            "Expecting 'update.status.task_id' to be present",
        AgentCallType.Update when string.IsNullOrEmpty(call.Update!.FrameworkId.Value) =>
            "Expecting 'update.framework_id' to be present",
        AgentCallType.Oversubscribe when call.Oversubscribe?.Resources is null =>
            "Expecting 'oversubscribe.resources' to be present",
        AgentCallType.Message when call.Message?.Data is null => "Expecting 'message.data' to be present",
        AgentCallType.Unknown => "Unknown call",
        _ => null,
    };
}
