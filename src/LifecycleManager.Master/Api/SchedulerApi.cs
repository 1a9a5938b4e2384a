using LifecycleManager.Master.State;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Master.Api;

/// <summary>Mesos' v1 scheduler API (apache/mesos, docs/scheduler-http-api.md).</summary>
internal static class SchedulerApi
{
    private const long MaxBody = 16 * 1024 * 1024;

    public static void Map(WebApplication app, MasterService master) =>
        app.MapPost("/api/v1/scheduler", context => Requests.HandleAsync(context, master, () => HandleAsync(context, master)));

    private static async Task HandleAsync(HttpContext context, MasterService master)
    {
        var call = await Requests.ReadAsync(context, MesosJson.Strict.SchedulerCall, MaxBody);
        if (call.Type == CallType.Subscribe)
        {
            await SubscribeAsync(context, master, call);
            return;
        }

        Validate(call);
        var id = call.FrameworkId ?? throw new CallRefusedException(400, "framework_id is missing");
        var stream = context.Request.Headers["Mesos-Stream-Id"].ToString();
        if (stream.Length == 0) throw new CallRefusedException(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
        var torn = await master.AskAsync(core =>
        {
            if (!core.Frameworks.TryGetValue(id, out var framework)) throw new CallRefusedException(400, $"Framework {id.Value} cannot be found");
            if (framework.Stream is null) throw new CallRefusedException(403, "Framework is not subscribed");
            if (framework.Stream.Id != stream)
                throw new CallRefusedException(400, $"The stream ID '{stream}' is not that of the framework's current subscription");
            Apply(core, framework, call);
            return call.Type == CallType.Teardown;
        });
        if (torn) await master.ForgetAsync(id);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static void Apply(MasterCore core, FrameworkEntry framework, SchedulerCall call)
    {
        switch (call.Type)
        {
            case CallType.Teardown: core.Teardown(framework); break;
            case CallType.Accept: core.Accept(framework, call.Accept!); break;
            case CallType.Decline: core.Decline(framework, call.Decline!); break;
            case CallType.Revive: core.Revive(framework, call.Revive?.Roles); break;
            case CallType.Suppress: MasterCore.Suppress(framework, call.Suppress?.Roles); break;
            case CallType.Kill: core.Kill(framework, call.Kill!); break;
            case CallType.Acknowledge: core.Acknowledge(framework, call.Acknowledge!); break;
            case CallType.Reconcile: core.Reconcile(framework, call.Reconcile); break;
            // Mesos' own allocator takes no notice of it either.
            case CallType.Request: break;
            default: throw new CallRefusedException(501, $"{call.Type} is not supported");
        }
    }

    /// <summary>The property of the call's name must be there, and its operations be known.</summary>
    private static void Validate(SchedulerCall call)
    {
        var missing = call.Type switch
        {
            CallType.Accept => call.Accept is null,
            CallType.Decline => call.Decline is null,
            CallType.Kill => call.Kill is null,
            CallType.Acknowledge => call.Acknowledge is null,
            CallType.Shutdown => call.Shutdown is null,
            CallType.Message => call.Message is null,
            CallType.Request => call.Request is null,
            _ => false,
        };
        if (missing) throw new CallRefusedException(400, $"the field '{call.Type.ToString().ToLowerInvariant()}' is missing");
        if (call.Acknowledge is { Uuid.Length: not 16 }) throw new CallRefusedException(400, "acknowledge.uuid is not a UUID of 16 bytes");
        foreach (var operation in call.Accept?.Operations ?? [])
        {
            var known = operation.Type switch
            {
                OperationType.Launch => operation.Launch is not null,
                OperationType.LaunchGroup => operation.LaunchGroup is not null,
                _ => throw new CallRefusedException(501, $"the operation {operation.Type} is not supported"),
            };
            if (!known) throw new CallRefusedException(400, $"an operation has no field for its type {operation.Type}");
        }
    }

    private static async Task SubscribeAsync(HttpContext context, MasterService master, SchedulerCall call)
    {
        var info = call.Subscribe?.FrameworkInfo ?? throw new CallRefusedException(400, "the field 'subscribe' is missing");
        if (context.Request.Headers.ContainsKey("Mesos-Stream-Id")) throw new CallRefusedException(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
        if (info.Id is { } stated && call.FrameworkId is { } outer && stated != outer)
            throw new CallRefusedException(400, "framework_id is not that of subscribe.framework_info");
        var given = info.Id ?? call.FrameworkId;
        var events = new EventStream<SchedulerEvent>(MesosJson.Default.SchedulerEvent, master.Options.MaxStreamBacklog);
        var id = await master.AskAsync(async core =>
        {
            if (given is { Value: "" }) given = null;
            if (given is { } old && core.CompletedFrameworks.Any(framework => framework.Id == old))
            {
                events.Write(new SchedulerEvent { Type = EventType.Error, Error = new ErrorEvent("Framework has been removed") });
                events.Complete();
                return old;
            }

            if (core.Frameworks.Values.Count(framework => framework.Connected) >= master.Options.MaxFrameworks)
                throw new CallRefusedException(503, "too many frameworks are connected");
            var chosen = given ?? core.NextFrameworkId();
            await master.RememberAsync(info with { Id = chosen });
            core.Subscribe(chosen, info, call.Subscribe.SuppressedRoles, events);
            return chosen;
        });
        try
        {
            await events.SendAsync(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The framework went away.
        }
        finally
        {
            if (master.Leads) await master.AskAsync(core => core.Disconnect(id, events));
        }
    }

    private static bool Disconnect(this MasterCore core, FrameworkId id, EventStream<SchedulerEvent> events)
    {
        core.Disconnected(id, events);
        return true;
    }
}
