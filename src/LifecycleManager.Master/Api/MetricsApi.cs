using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Protocol.Mesos;
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
        routes.MapMetrics(settings => settings.Registry = registry)
            .Add(endpoint => endpoint.RequestDelegate = endpoints.For(Permission.View, endpoint.RequestDelegate!));
        routes.MapGet("/metrics/snapshot", endpoints.For(Permission.View, async context =>
        {
            var view = await ViewAsync(host);
            await StateApi.JsonAsync(context, json =>
            {
                foreach (var (name, value) in Snapshot(view, metrics)) json.WriteNumber(name, value);
            });
        }));
    }

    /// <summary>Mesos' names and their values.</summary>
    public static IEnumerable<(string Name, double Value)> Snapshot(MasterView? view, MasterMetrics metrics)
    {
        yield return ("master/elected", view is null ? 0 : 1);
        if (view is null) yield break;
        yield return ("master/uptime_secs", view.Uptime.TotalSeconds);
        yield return ("master/slaves_active", view.Agents.Count(agent => agent.IsActive));
        yield return ("master/slaves_inactive", view.Agents.Count(agent => !agent.IsActive));
        yield return ("master/slaves_connected", view.Agents.Count(agent => agent.IsConnected));
        yield return ("master/slaves_disconnected", view.Agents.Count(agent => !agent.IsConnected));
        yield return ("master/slaves_unreachable", view.Unreachable);
        yield return ("master/frameworks_active", view.Frameworks.Count(framework => framework.IsConnected));
        yield return ("master/frameworks_inactive", view.Frameworks.Count(framework => !framework.IsConnected));
        yield return ("master/frameworks_connected", view.Frameworks.Count(framework => framework.IsConnected));
        yield return ("master/frameworks_disconnected", view.Frameworks.Count(framework => !framework.IsConnected));
        yield return ("master/outstanding_offers", view.Frameworks.Sum(framework => framework.Offers.Count));
        yield return ("master/event_queue_dispatches", view.PendingEvents);
        var all = view.Tasks.Concat(view.Frameworks.SelectMany(framework => framework.Unreachable)).ToList();
        foreach (var state in Enum.GetValues<TaskState>())
        {
            if (state != TaskState.Unknown)
                yield return ($"master/tasks_{MasterMetrics.Name(state)}", all.Count(task => task.State == state));
        }

        foreach (var scalar in new[] { "cpus", "disk", "gpus", "mem" })
        {
            var total = view.Total[scalar] / 1000.0;
            var used = view.Used[scalar] / 1000.0;
            yield return ($"master/{scalar}_total", total);
            yield return ($"master/{scalar}_used", used);
            yield return ($"master/{scalar}_percent", total > 0 ? used / total : 0);
        }

        yield return ("allocator/mesos/allocation_runs", metrics.Allocation.Count);
        yield return ("allocator/mesos/offers_sent", metrics.OffersSent.Value);
        yield return ("allocator/mesos/offers_accepted", metrics.OffersAccepted.Value);
        yield return ("allocator/mesos/offers_declined", metrics.OffersDeclined.Value);
        yield return ("allocator/mesos/offers_rescinded", metrics.OffersRescinded.Value);
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
