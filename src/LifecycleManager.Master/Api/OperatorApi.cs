using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary>Mesos' v1 operator API: <c>POST /api/v1</c>.</summary>
internal sealed class OperatorApi(MasterHost host, MasterOptions options)
{
    private readonly Door _door = new(host, options);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/v1", _door.Leader(ServeAsync));

    private async Task ServeAsync(HttpContext context, Term term)
    {
        var call = await _door.ReadAsync(context, OperatorJson.Default.OperatorCall);
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
            case "GET_MASTER":
                await ViewAsync(context, term, call, (json, view) => OperatorViews.Master(json, view, options, term.ElectedAt));
                break;
            case { Length: > 0 }:
                throw new CallException(StatusCodes.Status501NotImplemented, $"{call.Type} is not implemented");
            default:
                throw new CallException(StatusCodes.Status400BadRequest, "Failed to validate master::Call: Expecting 'type' to be present");
        }
    }

    private static async Task ViewAsync(HttpContext context, Term term, OperatorCall call, Action<Utf8JsonWriter, MasterView> write)
    {
        var view = await term.AskAsync(core => core.View());
        await AnswerAsync(context, call, json => write(json, view));
    }

    private static Task AnswerAsync(HttpContext context, OperatorCall call, Action<Utf8JsonWriter> write) => StateApi.JsonAsync(context, json =>
    {
        json.WriteString("type", call.Type);
        json.WriteStartObject(call.Type!.ToLowerInvariant());
        write(json);
        json.WriteEndObject();
    });
}
