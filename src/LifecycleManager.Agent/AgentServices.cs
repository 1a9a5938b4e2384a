using LifecycleManager.Agent.Api;
using LifecycleManager.Agent.Sessions;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Agent;

/// <summary>Composes the agent.</summary>
public static class AgentServices
{
    /// <summary>
    /// Adds the agent. The container gives a <see cref="TimeProvider"/>, logging, a <see cref="CollectorRegistry"/>, a
    /// <see cref="RoleHealth"/> and a
    /// <see cref="RoleFailure"/>.
    /// </summary>
    /// <exception cref="FormatException">Thrown when the host is built: resources, attributes or containerizers are stated
    /// wrongly.</exception>
    public static IServiceCollection AddAgent(this IServiceCollection services, AgentOptions options)
    {
        OptionRanges.Check(options);
        services.AddSingleton(options);
        services.AddSingleton(provider => new AgentService(
            options, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<RoleHealth>(), provider.GetRequiredService<RoleFailure>()));
        var memory = new SessionMemory();
        services.AddSingleton(provider => new AgentMetrics(
            provider.GetRequiredService<AgentService>(), memory, provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton(provider => new SessionTable(
            provider.GetRequiredService<AgentService>(), memory, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SessionTable>>()));
        services.AddHostedService(provider => provider.GetRequiredService<AgentService>());
        services.Follow(options.Admission.File);
        // Stopped before the agent, as what begins later is.
        services.AddHostedService(provider => provider.GetRequiredService<SessionTable>());
        return services;
    }

    /// <summary>Maps the agent's HTTP surface.</summary>
    public static void MapAgent(this WebApplication app)
    {
        var agent = app.Services.GetRequiredService<AgentService>();

        var time = app.Services.GetRequiredService<TimeProvider>();
        var health = app.Services.GetRequiredService<RoleHealth>();
        var readers = new FileReaders(time);
        var sessions = new SessionEndpoints(app.Services.GetRequiredService<SessionTable>(), agent);
        var access = new AccessControl(
            agent.Options.Principals, "mesos-agent", app.Services.GetRequiredService<CollectorRegistry>(), time);
        access.WarnIn(health);
        app.UseAccessControl(access);
        foreach (var path in (string[])["/health", "/slave(1)/health"]) app.MapHealth(health, access, path);
        app.MapPing();
        app.Services.GetRequiredService<AgentMetrics>().Map(app);
        var document = OpenApiFile.Of(typeof(AgentServices).Assembly, "agent.openapi.json");
        foreach (var path in (string[])["/openapi.json", "/openapi/agent.json"]) app.MapGet(path, document).ShowsNoApp();

        // Mesos' tools reach them below the agent's name in its inner protocol, too.
        foreach (var prefix in (string[])["", "/slave(1)"])
        {
            var below = app.MapGroup(prefix);
            StateEndpoints.Map(below, agent);
            StatisticsEndpoints.Map(below, agent, time);
            FileEndpoints.Map(below, agent, readers);
            OperatorEndpoints.Map(below, agent, readers, sessions, health, time);
        }
    }
}
