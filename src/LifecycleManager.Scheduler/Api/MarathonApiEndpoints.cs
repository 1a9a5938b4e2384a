using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Marathon's REST API.</summary>
public static class MarathonApiEndpoints
{
    /// <summary>
    /// Maps <c>/v2/*</c> and <c>/ping</c>. The container gives <see cref="SchedulerService"/>, <see cref="SchedulerOptions"/>,
    /// <see cref="TimeProvider"/> and logging. A scheduler that does not lead passes requests on to the one that does.
    /// </summary>
    public static void MapMarathonApi(this IEndpointRouteBuilder endpoints)
    {
        var provider = endpoints.ServiceProvider;
        var lifetime = provider.GetService<IHostApplicationLifetime>();
        var services = new ApiServices(
            provider.GetRequiredService<SchedulerService>(),
            provider.GetRequiredService<SchedulerOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            lifetime?.ApplicationStopping ?? CancellationToken.None);
        var log = provider.GetRequiredService<ILoggerFactory>().CreateLogger("LifecycleManager.Scheduler.Api");
        var leaders = new LeaderProxy(services.Options, provider.GetRequiredService<CallerHop>());
        lifetime?.ApplicationStopped.Register(leaders.Dispose);

        // Methods are told apart by the tables, so that a wrong one is answered in Marathon's shape.
        Map("/v2/apps/{**path}", AppsHandler.Operations);
        Map("/v2/groups/{**path}", GroupsHandler.Operations);
        Map("/v2/deployments/{**path}", DeploymentsHandler.Operations);
        Map("/v2/tasks/{**path}", TasksHandler.Operations);
        Map("/v2/queue/{**path}", QueueHandler.Operations);
        Map("/v2/rebalance", RebalanceHandler.Operations);
        Map("/v2/events", EventsHandler.Operations);
        Map("/v2/pods/{**path}", PodsHandler.Operations);
        Map("/v2/pods::status", PodsHandler.StatusOperations);
        Map("/v2/leader", InfoHandler.LeaderOperations, passesOn: request => request.Method is not ("GET" or "HEAD"));
        Map("/v2/info", InfoHandler.InfoOperations, passesOn: _ => false);
        Map("/v2/plugins", InfoHandler.PluginOperations, passesOn: _ => false);
        Map("/ping", InfoHandler.PingOperations, passesOn: _ => false).Needs(Permission.None);
        Map("/v2/{**path}", new OperationTable([]), passesOn: _ => false);

        static void Record(ApiRequest request, ApiOperation operation)
        {
            var subject = request.Changed.Count > 0 ? string.Join(", ", request.Changed)
                : operation.IsOfOne || operation.IsOfGroup ? request.Id.Path : request.Parameters.GetValueOrDefault("id");
            AuditTrail.Record(request.Context, $"{operation.Method} {operation.DocumentPath}", subject, request.Text("reason"),
                request.Context.Response.Headers["Marathon-Deployment-Id"] is [{ Length: > 0 } deployment]
                    ? JsonText.Element(json => json.WriteStringValue(deployment)) : null);
        }

        IEndpointConventionBuilder Map(string pattern, OperationTable table, Func<ApiRequest, bool>? passesOn = null) =>
            endpoints.Map(pattern, async context =>
            {
                var request = new ApiRequest(context, services);
                try
                {
                    LeaderProxy.Mark(request);
                    if (!request.Whole.Leader.IsLeading && passesOn?.Invoke(request) != false)
                    {
                        await leaders.PassOnAsync(request);
                        return;
                    }

                    var operation = table.Find(request);
                    if (!request.Accepted.TakesOneOf(operation.Media)) throw ApiException.NotAcceptable(operation.Media);
                    ChangeAccess.Check(request, operation);
                    UnreadableIds.Check(request, operation);
                    await operation.Handler(request);
                    if (!operation.Reads && context.Response.StatusCode < StatusCodes.Status300MultipleChoices)
                        Record(request, operation);
                }
                catch (Exception e) when (e is not ConnectionResetException)
                {
                    await ApiErrors.AnswerAsync(request, e, log);
                }
            }).WithMetadata(table).AsksByApp();
    }
}
