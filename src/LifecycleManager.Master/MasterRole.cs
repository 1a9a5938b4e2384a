using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Api;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Master.Streams;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>The master: knows the agents, offers their resources to frameworks, passes tasks and statuses between them.</summary>
public static class MasterRole
{
    /// <summary>
    /// Adds the master. The container also has <c>TimeProvider</c>, logging, a <see cref="CollectorRegistry"/>,
    /// <c>IStateStore</c>, <c>ILeaderElection</c> and a <see cref="RoleHealth"/>. Other <see cref="IAllocator"/>s may be added.
    /// </summary>
    public static IServiceCollection AddMaster(this IServiceCollection services, MasterOptions options)
    {
        OptionRanges.Check(options);
        services.AddSingleton(options);
        services.AddSingleton<IAllocator, HierarchicalDrfAllocator>();
        services.AddSingleton(provider => new MasterMetrics(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<MasterService>();
        services.AddHostedService(provider => provider.GetRequiredService<MasterService>());
        return services;
    }

    /// <summary>Maps the APIs of frameworks, agents and operators, <c>/metrics</c> and <c>/health</c>.</summary>
    public static void MapMaster(this WebApplication app)
    {
        var host = app.Services.GetRequiredService<MasterService>();
        var options = app.Services.GetRequiredService<MasterOptions>();
        app.MapPing();
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("LifecycleManager.Master");
        var registry = app.Services.GetRequiredService<CollectorRegistry>();
        var access = new AccessControl(
            options.Principals, "mesos-master", registry, app.Services.GetRequiredService<TimeProvider>());
        var health = app.Services.GetRequiredService<RoleHealth>();
        access.WarnIn(health);
        foreach (var path in (string[])["/health", "/master/health"]) app.MapHealth(health, access, path);
        var endpoints = new LeaderEndpoints(host, options, access, log);
        var metrics = app.Services.GetRequiredService<MasterMetrics>();
        var streams = new StreamMemory(options.MaxStreamBytes, log) { Dropped = () => metrics.StreamsDropped.Inc() };
        MasterMetrics.Watch(registry, () => streams.Bytes);
        new SchedulerApi(endpoints, options, streams).Map(app);
        new AgentApi(endpoints, options, streams).Map(app);
        StateApi.Map(app, endpoints, options);
        new OperatorApi(endpoints, options, metrics, streams).Map(app);
        var document = OpenApiFile.Of(typeof(MasterRole).Assembly, "master.openapi.json");
        foreach (var path in (string[])["/openapi.json", "/openapi/master.json"])
            app.MapGet(path, endpoints.For(Permission.None, document));
        MetricsApi.Map(app, endpoints, host, metrics, registry);
    }
}
