using LifecycleManager.Metrics.Api;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Metrics;

/// <summary>Puts the collector into a host, as a rule the manager's.</summary>
public static class CollectorRole
{
    /// <summary>
    /// Adds a <see cref="MetricsCollector"/>, also as <see cref="IMetricReader"/>, that runs with the host. The container must
    /// have a <see cref="TimeProvider"/>, logging and a prometheus-net <c>CollectorRegistry</c>.
    /// </summary>
    public static IServiceCollection AddCollector(this IServiceCollection services, CollectorOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<MetricsCollector>();
        services.AddSingleton<IMetricReader>(provider => provider.GetRequiredService<MetricsCollector>());
        services.AddHostedService(provider => provider.GetRequiredService<MetricsCollector>());
        return services;
    }

    /// <summary>Maps <c>GET /v1/targets</c> and <c>POST /v1/samples</c>.</summary>
    public static void MapCollector(this WebApplication app)
    {
        // Plain delegates: a handler with parameters would have its binding compiled at start.
        var collector = app.Services.GetRequiredService<MetricsCollector>();
        app.MapGet("/v1/targets", context => CollectorApi.Targets(collector, context.Request.Query).ExecuteAsync(context));
        app.MapPost("/v1/samples", async context => await (await CollectorApi.Push(collector, context)).ExecuteAsync(context));
    }
}
