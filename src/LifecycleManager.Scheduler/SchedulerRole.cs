using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Discovery;
using LifecycleManager.Scheduler.OpenApi;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>The scheduler as a role of a process.</summary>
public static class SchedulerRole
{
    /// <summary>
    /// Adds the scheduler and its loop. The container gives the time, logging, the state store, the election and the metrics' registry.
    /// </summary>
    public static IServiceCollection AddScheduler(this IServiceCollection services, SchedulerOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(provider => new SchedulerService(
            options,
            provider.GetRequiredService<IStateStore>(),
            provider.GetRequiredService<ILeaderElection>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<CollectorRegistry>()));
        services.AddMarathonDocument();
        services.AddHostedService<SchedulerHost>();
        if (options.Eureka.Count > 0) services.AddHostedService<EurekaRegistrar>();
        return services;
    }

    /// <summary>Maps Marathon's REST API, <c>/metrics</c> and <c>/health</c>, behind the gate that all mapped later is behind too.</summary>
    public static void MapScheduler(this WebApplication app)
    {
        app.UseGate(new Gate(app.Services.GetRequiredService<SchedulerOptions>().Principals, "marathon"));
        app.MapMarathonApi();
        app.MapMarathonDocument();
        app.MapMetrics(registry: app.Services.GetRequiredService<CollectorRegistry>());
        app.MapGet("/health", (HttpContext context) =>
        {
            var scheduler = context.RequestServices.GetRequiredService<SchedulerService>();
            var snapshot = scheduler.Snapshot;
            if (scheduler.Failure is { } failure)
                return Results.Json(new { status = "DOWN", detail = $"the last term ended: {failure}" }, statusCode: StatusCodes.Status503ServiceUnavailable);
            var state = snapshot.Leader.IsLeading ? snapshot.Framework.Connected ? "leading, connected" : "leading, without a master" : "standing by";
            return Results.Json(new { status = "UP", detail = state });
        }).Needs(Permission.None);
    }
}

/// <summary>The scheduler's loop as a part of its host.</summary>
internal sealed class SchedulerHost(SchedulerService scheduler) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => scheduler.RunAsync(stoppingToken);
}
