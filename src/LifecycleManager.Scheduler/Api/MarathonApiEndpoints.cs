using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
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
        var leaders = new Leaders();
        lifetime?.ApplicationStopped.Register(leaders.Dispose);

        // Methods are told apart by the handlers, so that a wrong one is answered in Marathon's shape.
        Map("/v2/apps/{**path}", AppsHandler.AnswerAsync);
        Map("/v2/groups/{**path}", GroupsHandler.AnswerAsync);
        Map("/v2/deployments", DeploymentsHandler.ListAsync);
        Map("/v2/deployments/{id}", DeploymentsHandler.OneAsync);
        Map("/v2/deployments/{id}/{word}", DeploymentsHandler.SteerAsync);
        Map("/v2/tasks", TasksHandler.ListAsync);
        Map("/v2/tasks/delete", TasksHandler.DeleteAsync);
        Map("/v2/queue", QueueHandler.ListAsync);
        Map("/v2/queue/{**path}", QueueHandler.DelayAsync);
        Map("/v2/rebalance", RebalanceHandler.AnswerAsync);
        Map("/v2/events", EventsHandler.AnswerAsync);
        Map("/v2/pods/{**path}", PodsHandler.AnswerAsync);
        Map("/v2/pods::status", PodsHandler.AnswerAsync);
        Map("/v2/leader", InfoHandler.LeaderAsync, led: request => request.Method is not ("GET" or "HEAD"));
        Map("/v2/info", InfoHandler.InfoAsync, led: _ => false);
        Map("/ping", InfoHandler.PingAsync, led: _ => false).Needs(Permission.None);
        Map("/v2/{**path}", request => throw ApiException.NotFound($"there is no {request.Context.Request.Path}"),
            led: _ => false);

        IEndpointConventionBuilder Map(string pattern, Func<ApiRequest, Task> answer, Func<ApiRequest, bool>? led = null) =>
            endpoints.Map(pattern, async context =>
            {
                var request = new ApiRequest(context, services);
                try
                {
                    Leaders.Mark(request);
                    if (!request.Snapshot.Leader.IsLeading && (led is null || led(request))) await leaders.PassOnAsync(request);
                    else
                    {
                        UnreadableIds.Check(request, pattern);
                        await answer(request);
                    }
                }
                catch (Exception e)
                {
                    await ApiErrors.AnswerAsync(request, e, log);
                }
            });
    }
}
