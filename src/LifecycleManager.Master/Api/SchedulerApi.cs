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

/// <summary>Mesos' v1 scheduler API: <c>POST /api/v1/scheduler</c>.</summary>
internal sealed class SchedulerApi(LeaderEndpoints endpoints, MasterOptions options, StreamMemory streams)
{
    private const string StreamHeader = "Mesos-Stream-Id";
    private static readonly Answer Accepted = new(StatusCodes.Status202Accepted);

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/scheduler", endpoints.Leader(Permission.None, ServeAsync));

    private async Task ServeAsync(HttpContext context, MasterTerm term)
    {
        var call = await endpoints.ReadAsync(context, StrictJson.Mesos.SchedulerCall, call => call.Type == CallType.Unknown);
        if (SchedulerCallValidation.Problem(call) is { } problem)
        {
            throw new CallException(StatusCodes.Status400BadRequest, $"Failed to validate scheduler::Call: {problem}");
        }

        if (SchedulerCallValidation.NotImplemented(call) is { } missing)
        {
            throw new CallException(StatusCodes.Status501NotImplemented, $"{missing} is not implemented");
        }

        var principal = AccessControl.PrincipalOf(context);
        var streamId = context.Request.Headers[StreamHeader];
        if (call.Type == CallType.Subscribe)
        {
            if (streamId.Count > 0)
            {
                throw new CallException(StatusCodes.Status400BadRequest,
                    "Subscribe calls should not include the 'Mesos-Stream-Id' header");
            }

            await SubscribeAsync(context, term, call, principal);
            return;
        }

        Task<OperatorResult>? changing = null;
        var answer = await term.AskAsync(core => Serve(core, call, streamId.Count > 0 ? streamId.ToString() : null,
            principal, out changing));
        if (changing is not null)
        {
            var result = await changing.WaitAsync(term.Ended);

            // As in Mesos: the end of a framework is accepted, a change of it is done.
            if (result.Status != StatusCodes.Status200OK || call.Type == CallType.UpdateFramework)
                answer = new Answer(result.Status, result.Text);
        }

        await LeaderEndpoints.AnswerAsync(context, answer.Status, answer.Text);
    }

    private async Task SubscribeAsync(HttpContext context, MasterTerm term, SchedulerCall call, Principal? principal)
    {
        var subscribe = call.Subscribe!;
        var info = subscribe.FrameworkInfo;
        if (principal is not null)
        {
            if (info.Principal is not null && info.Principal != principal.Name)
            {
                throw new CallException(
                    StatusCodes.Status403Forbidden,
                    $"Authenticated principal '{principal.Name}' does not match principal '{info.Principal}' of the framework");
            }

            info = info with { Principal = principal.Name };
        }

        if (call.FrameworkId is { } id) info = info with { Id = id };
        var stream = new EventStream<SchedulerEvent>(
            message => JsonSerializer.SerializeToUtf8Bytes(message, MesosJson.Default.SchedulerEvent), options.StreamCapacity,
            streams);
        await term.AskAsync(core =>
        {
            core.Frameworks.Subscribe(subscribe with { FrameworkInfo = info }, stream, principal);
            return true;
        });
        try
        {
            await stream.PumpAsync(context);
        }
        finally
        {
            await term.PostAsync(core => core.Frameworks.StreamEnded(stream, stream.FrameworkId));
        }
    }

    private static Answer Serve(MasterCore core, SchedulerCall call, string? streamId, Principal? principal,
        out Task<OperatorResult>? changing)
    {
        changing = null;
        var framework = core.FindFramework(call.FrameworkId!.Value);
        if (framework is null) return new Answer(StatusCodes.Status400BadRequest, "Framework cannot be found");
        if (principal is not null && framework.Info.Principal != principal.Name)
        {
            return new Answer(StatusCodes.Status403Forbidden, "Framework is of another principal");
        }

        if (!framework.IsConnected) return new Answer(StatusCodes.Status403Forbidden, "Framework is not subscribed");
        if (streamId is null)
        {
            return new Answer(StatusCodes.Status400BadRequest,
                "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
        }

        if (framework.Stream!.Id != streamId)
        {
            return new Answer(
                StatusCodes.Status400BadRequest,
                $"The stream ID '{streamId}' included in this request didn't match the stream ID currently associated with framework ID "
                + framework.Id.Value);
        }

        framework.Counts.Called(call.Type);
        switch (call.Type)
        {
            case CallType.Teardown:
                core.Counters.Inc(MasterCount.MessagesUnregisterFramework);
                changing = core.Frameworks.Remove(framework, "it was torn down");
                break;
            case CallType.Accept: core.Acceptance.Accept(framework, call.Accept!); break;
            case CallType.Decline: core.Offers.Decline(framework, call.Decline!); break;
            case CallType.Revive: core.Frameworks.Revive(framework, call.Revive?.Roles); break;
            case CallType.Suppress: core.Frameworks.Suppress(framework, call.Suppress?.Roles); break;
            case CallType.Kill: core.Tasks.Kill(framework, call.Kill!); break;
            case CallType.Acknowledge: core.Tasks.Acknowledge(framework, call.Acknowledge!); break;
            case CallType.Reconcile: core.Tasks.Reconcile(framework, call.Reconcile!); break;
            case CallType.Message: core.Messages.Message(framework, call.Message!); break;
            case CallType.Shutdown: core.Messages.Shutdown(framework, call.Shutdown!); break;

            case CallType.UpdateFramework:
                changing = core.Updates.Update(framework, call.UpdateFramework!, principal);
                break;
            case CallType.ReconcileOperations:
                core.OperationStates.Reconcile(framework, call.ReconcileOperations!);
                break;
            case CallType.AcknowledgeOperationStatus: core.OperationStates.Acknowledge(); break;

            // As in Mesos, the default allocator has no use for it.
            case CallType.Request: core.Counters.Inc(MasterCount.MessagesResourceRequest); break;
            default: return new Answer(StatusCodes.Status501NotImplemented, $"{call.Type} is not implemented");
        }

        return Accepted;
    }

    private readonly record struct Answer(int Status, string? Text = null);
}
