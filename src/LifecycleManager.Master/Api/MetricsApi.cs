using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Prometheus;

namespace LifecycleManager.Master.Api;

/// <summary><c>/metrics</c> for Prometheus and <c>/metrics/snapshot</c> in Mesos' names.</summary>
internal static class MetricsApi
{
    public static void Map(IEndpointRouteBuilder routes, LeaderEndpoints endpoints, MasterService host, MasterMetrics metrics,
        CollectorRegistry registry)
    {
        registry.AddBeforeCollectCallback(async cancellation => metrics.Show(await ViewAsync(host)));
        routes.MapMetrics(settings => settings.Registry = registry).ReadsOnly()
            .Add(endpoint => endpoint.RequestDelegate = endpoints.For(Permission.View, endpoint.RequestDelegate!));
        routes.MapGet("/metrics/snapshot", endpoints.For(Permission.View, async context =>
        {
            var view = await ViewAsync(host);
            await StateApi.JsonAsync(context, json =>
            {
                foreach (var (name, value) in MasterSnapshotMetrics.All(view, metrics)) json.WriteNumber(name, value);
            });
        }));
    }

    private static async Task<MasterView?> ViewAsync(MasterService host)
    {
        if (host.Current is not { } term) return null;
        try
        {
            return await term.AskAsync(core => core.Views.All());
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
