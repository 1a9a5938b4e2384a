using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Api;
using LifecycleManager.Master.Leadership;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>The master: knows the agents, offers their resources to frameworks, passes tasks and statuses between them.</summary>
public static class MasterRole
{
    /// <summary>
    /// Adds the master. The container also has <c>TimeProvider</c>, logging, a <see cref="CollectorRegistry"/>,
    /// <c>IStateStore</c> and <c>ILeaderElection</c>. Other <see cref="IAllocator"/>s may be added.
    /// </summary>
    public static IServiceCollection AddMaster(this IServiceCollection services, MasterOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<IAllocator, HierarchicalDrfAllocator>();
        services.AddSingleton(provider => new MasterMetrics(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<MasterHost>();
        services.AddHostedService(provider => provider.GetRequiredService<MasterHost>());
        return services;
    }

    /// <summary>Maps the APIs of frameworks, agents and operators, <c>/metrics</c> and <c>/health</c>.</summary>
    public static void MapMaster(this WebApplication app)
    {
        var host = app.Services.GetRequiredService<MasterHost>();
        var options = app.Services.GetRequiredService<MasterOptions>();
        new SchedulerApi(host, options).Map(app);
        new AgentApi(host, options).Map(app);
        StateApi.Map(app, host, options);
        var metrics = app.Services.GetRequiredService<MasterMetrics>();
        new OperatorApi(host, options, metrics).Map(app);
        MetricsApi.Map(app, host, metrics, app.Services.GetRequiredService<CollectorRegistry>(), options);
    }
}
