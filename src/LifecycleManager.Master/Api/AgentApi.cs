using LifecycleManager.Master.State;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Master.Api;

/// <summary>This stack's own protocol between agents and their master.</summary>
internal static class AgentApi
{
    private const long MaxBody = 64 * 1024 * 1024;

    public static void Map(WebApplication app, MasterService master) =>
        app.MapPost("/api/v1/agent", context => Requests.HandleAsync(context, master, () => HandleAsync(context, master)));

    private static async Task HandleAsync(HttpContext context, MasterService master)
    {
        var call = await Requests.ReadAsync(context, MesosJson.Default.AgentCall, MaxBody);
        if (call.Type == AgentCallType.Register)
        {
            await RegisterAsync(context, master, call.Register ?? throw new CallRefusedException(400, "the field 'register' is missing"));
            return;
        }

        var id = call.AgentId ?? throw new CallRefusedException(400, "agent_id is missing");
        var stream = context.Request.Headers["Mesos-Stream-Id"].ToString();
        var left = await master.AskAsync(core =>
        {
            if (!core.Agents.TryGetValue(id, out var agent) || agent.Stream is null) throw new CallRefusedException(403, "the agent is not registered");
            if (agent.Stream.Id != stream) throw new CallRefusedException(400, "the stream id is not that of the agent's registration");
            switch (call.Type)
            {
                case AgentCallType.Pong:
                    agent.Pings = 0;
                    break;
                case AgentCallType.Update:
                    core.Update(agent, call.Update ?? throw new CallRefusedException(400, "the field 'update' is missing"));
                    break;
                case AgentCallType.Unregister:
                    core.Unregister(agent);
                    return true;
                default:
                    throw new CallRefusedException(501, $"{call.Type} is not supported");
            }

            return false;
        });
        if (left) await master.ForgetAsync(id);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task RegisterAsync(HttpContext context, MasterService master, RegisterCall call)
    {
        var events = new EventStream<AgentEvent>(MesosJson.Default.AgentEvent, master.Options.MaxStreamBacklog);
        var id = await master.AskAsync(async core =>
        {
            // Fails here, before anything is remembered, when the resources are not valid.
            _ = Resources.ResourceBag.Of(call.AgentInfo.Resources ?? []);
            var chosen = call.AgentInfo.Id ?? core.NextAgentId();
            await master.RememberAsync(call.AgentInfo with { Id = chosen });
            core.Register(chosen, call, events);
            return chosen;
        });
        try
        {
            await events.SendAsync(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The agent went away.
        }
        finally
        {
            if (master.Leads)
            {
                await master.AskAsync(core =>
                {
                    core.Disconnected(id, events);
                    return true;
                });
            }
        }
    }
}
