using LifecycleManager.Master.Allocation;
using LifecycleManager.Master.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace LifecycleManager.Master;

/// <summary>The master as a role of a web application.</summary>
public static class MasterRole
{
    /// <summary>Adds the master's services.</summary>
    public static IServiceCollection AddMaster(this IServiceCollection services, MasterOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<IAllocator, DrfAllocator>();
        services.AddSingleton<MasterMetrics>();
        services.AddSingleton<MasterService>();
        services.AddHostedService(provider => provider.GetRequiredService<MasterService>());
        return services;
    }

    /// <summary>Maps the APIs.</summary>
    public static void MapMaster(this WebApplication app)
    {
        var service = app.Services.GetRequiredService<MasterService>();
        SchedulerApi.Map(app, service);
        AgentApi.Map(app, service);
        StateApi.Map(app, service);
        app.MapMetrics("/metrics", app.Services.GetRequiredService<CollectorRegistry>());
    }
}
