using LifecycleManager.Agent.Api;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Agent;

/// <summary>Composes the agent.</summary>
public static class AgentServices
{
    /// <summary>
    /// Adds the agent. The container gives a <see cref="TimeProvider"/>, logging, a <see cref="CollectorRegistry"/>, a <see cref="RoleHealth"/> and a
    /// <see cref="RoleFailure"/>.
    /// </summary>
    /// <exception cref="FormatException">Thrown when the host is built: resources, attributes or containerizers are stated
    /// wrongly.</exception>
    public static IServiceCollection AddAgent(this IServiceCollection services, AgentOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(provider => new AgentLoop(
            options, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<RoleHealth>()));
        services.AddSingleton(provider => new AgentMetrics(
            provider.GetRequiredService<AgentLoop>(), provider.GetRequiredService<CollectorRegistry>()));
        services.AddHostedService(provider => provider.GetRequiredService<AgentLoop>());
        return services;
    }

    /// <summary>Maps the agent's HTTP surface.</summary>
    public static void MapAgent(this WebApplication app)
    {
        var loop = app.Services.GetRequiredService<AgentLoop>();

        app.UseGate(new Gate(loop.Options.Principals, "mesos-agent"));
        app.Services.GetRequiredService<AgentMetrics>().Map(app);
        StateEndpoints.Map(app, loop);
        StatisticsEndpoints.Map(app, loop, app.Services.GetRequiredService<TimeProvider>());
        FileEndpoints.Map(app, loop, app.Services.GetRequiredService<TimeProvider>());
        OperatorEndpoints.Map(app, loop);
    }
}
