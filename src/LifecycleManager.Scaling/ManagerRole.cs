using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Scaling.Api;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Leadership;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Schedules;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Scaling;

/// <summary>Puts the manager into a host: collector, decision engine and scaling engine together.</summary>
public static class ManagerRole
{
    /// <summary>
    /// Adds the manager. The container must have a <see cref="TimeProvider"/>, logging, a prometheus-net
    /// <see cref="CollectorRegistry"/>, an <c>IStateStore</c> and an <c>ILeaderElection</c>.
    /// </summary>
    public static IServiceCollection AddManager(this IServiceCollection services, ManagerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        services.AddSingleton(options);
        services.AddCollector(Collector(options));
        services.AddScalingTarget(options);
        services.AddSingleton<IRuleEngine, BuiltInRuleEngine>();
        services.AddSingleton(provider => new DecisionEngine(provider.GetRequiredService<IRuleEngine>()));
        services.AddSingleton(provider => new PolicyDirectory(
            options.RulesDirectory, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<PolicyDirectory>>()));
        services.AddSingleton<DecisionLog>();
        services.AddSingleton<PauseBook>();
        services.AddSingleton<ManagerMetrics>();
        services.AddSingleton<MetricHistory>();
        services.AddSingleton<ForecastHistory>();
        services.AddSingleton(provider =>
        {
            var policies = provider.GetRequiredService<PolicyDirectory>();
            var collector = provider.GetRequiredService<MetricsCollector>();
            return ActivatorUtilities.CreateInstance<Evaluator>(
                provider, (Action<IReadOnlyCollection<MetricDemand>>)collector.Demand, (Func<PolicySet>)(() => policies.Current));
        });
        services.AddSingleton<QuartzTicks>();
        services.AddSingleton<ManagerHealth>();
        services.AddSingleton<ManagerOffice>();
        services.AddHostedService(provider => provider.GetRequiredService<ManagerOffice>());
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ManagerJson.Default));
        return services;
    }

    /// <summary>Maps the manager's and the collector's endpoints, <c>/metrics</c> and <c>/health</c>.</summary>
    public static void MapManager(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseGate(new Gate(app.Services.GetRequiredService<ManagerOptions>().Principals, "lcm-manager"));
        app.MapCollector();
        ManagerApi.Map(app);
    }

    /// <summary>Who scales apps by a scheduler's API may also see their tasks there.</summary>
    private static CollectorOptions Collector(ManagerOptions options)
    {
        var collector = options.Collector ?? new CollectorOptions { Scheduler = options.Scheduler };
        return options.Target is { Kind: TargetKind.Marathon, User: { } user, PasswordFile: { } file }
            ? collector with { Credentials = [.. collector.Credentials, new MetricsCredential(MetricsCredential.Scheduler, user, file)] }
            : collector;
    }
}
