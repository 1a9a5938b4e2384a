using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.OpenApi;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>The scheduler as a role of a process.</summary>
public static class SchedulerRole
{
    /// <summary>
    /// Adds the scheduler and its loop, and <see cref="ServingApps"/>. The container gives the time, logging, the state store, the election, the metrics'
    /// registry and the role's health.
    /// </summary>
    public static IServiceCollection AddScheduler(this IServiceCollection services, SchedulerOptions options)
    {
        OptionRanges.Check(options);
        services.AddSingleton(options);
        services.AddSingleton(provider => new SchedulerService(
            options,
            provider.GetRequiredService<IStateStore>(),
            provider.GetRequiredService<ILeaderElection>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<CollectorRegistry>(),
            provider.GetRequiredService<RoleHealth>()));
        services.AddSingleton(provider => new CallerHop(
            provider.GetRequiredService<IStateStore>(), options, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<OnBehalf>();
        services.AddMarathonDocument();
        services.AddHostedService<SchedulerHost>();
        services.Follow(options.Admission.File);
        services.AddSingleton(provider => new ServingApps(provider.GetRequiredService<SchedulerService>()));
        return services;
    }

    /// <summary>
    /// Maps Marathon's REST API, <c>/metrics</c> and <c>/health</c>, with access control, which holds for all that is mapped
    /// later, too.
    /// </summary>
    public static void MapScheduler(this WebApplication app)
    {
        var access = new AccessControl(
            app.Services.GetRequiredService<SchedulerOptions>().Principals, "marathon",
            app.Services.GetRequiredService<CollectorRegistry>(), app.Services.GetRequiredService<TimeProvider>(),
            app.Services.GetRequiredService<CallerHop>(), app.Services.GetRequiredService<OnBehalf>());
        var health = app.Services.GetRequiredService<RoleHealth>();
        access.WarnIn(health);
        app.UseAccessControl(access);
        MetricsJson.Use(app, app.Services.GetRequiredService<CollectorRegistry>(),
            app.Services.GetRequiredService<SchedulerService>());
        app.MapMarathonApi();
        app.MapMarathonDocument();
        app.MapMetrics(registry: app.Services.GetRequiredService<CollectorRegistry>()).ReadsOnly();
        app.MapHealth(health, access);
    }
}

/// <summary>The scheduler's loop as a part of its host.</summary>
internal sealed class SchedulerHost(SchedulerService scheduler) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => scheduler.RunAsync(stoppingToken);
}
