using LifecycleManager.Decisions.CSharp;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Api;
using LifecycleManager.Manager.Editing;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.Health;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Leadership;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Manager.Webhooks;
using LifecycleManager.Metrics;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Manager;

/// <summary>Puts the manager into a host: collector, decision engine and scaling engine together.</summary>
public static class ManagerRole
{
    /// <summary>
    /// Adds the manager. The container must have a <see cref="TimeProvider"/>, logging, a prometheus-net
    /// <see cref="CollectorRegistry"/>, a <see cref="RoleHealth"/>, a <see cref="RoleFailure"/>, an <see cref="IStateStore"/> and
    /// an <see cref="ILeaderElection"/>.
    /// </summary>
    public static IServiceCollection AddManager(this IServiceCollection services, ManagerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        services.AddSingleton(options);
        services.AddCollector(Collector(options));
        services.AddScalingTarget(options.ScaledTarget, options.AttemptTimeout, options.CallTimeout, isReadOnly: options.DryRun);
        services.AddSingleton(provider => new PolicyDirectory(
            options.RulesDirectory, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PolicyDirectory>>(),
            report: provider.GetRequiredService<RoleHealth>().Loop("the policy files"), dryRun: options.DryRun));
        services.AddSingleton(provider => new EditableRules(
            options.RulesDirectory, provider.GetRequiredService<PolicyDirectory>()));
        if (options.CSharpRules) services.AddCSharpRules(options.RulesDirectory);
        services.AddSingleton(provider => new DecisionFeed(
            options.StreamClients, provider.GetRequiredService<CollectorRegistry>(),
            record => ManagerApi.Text(record, ManagerJson.Default.DecisionRecord)));
        services.AddSingleton<FollowedDecisions>();
        services.AddSingleton<TableMetrics>();
        services.AddSingleton<RecordTables>();
        services.AddSingleton<DecisionHistory>();
        var webhooks = options.WebhooksFile is { } file ? WebhookFile.Read(file) : [];
        services.AddSingleton<WebhookMetrics>();
        services.AddSingleton(provider => new DecisionWebhooks(
            webhooks, provider.GetRequiredService<IStateStore>(), provider.GetRequiredService<DecisionFeed>(),
            provider.GetRequiredService<WebhookMetrics>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DecisionWebhooks>>()));
        services.AddSingleton<ManagerMetrics>();
        services.AddSingleton(provider => new ScheduleMetrics(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton(provider => new ScheduleCache(ScheduleText.Reader(options.DryRun)));
        services.AddSingleton<MetricHistory>();
        services.AddSingleton<MetricExtremes>();
        services.AddSingleton(provider =>
        {
            var policies = provider.GetRequiredService<PolicyDirectory>();
            var collector = provider.GetRequiredService<MetricsCollector>();
            var state = provider.GetRequiredService<ManagerState>();
            collector.ShowAppsWhile(() => state.Term is not null);
            return new EvaluationSources(collector, collector.Demand, () => policies.Current)
            {
                Arrivals = collector.Arrivals,
                Code = () => provider.GetService<CSharpRules>()?.Current.Code,
                Startup = collector.Startup,
                Usages = collector.Usages,
                Ends = new PolicyEnds(policies),
            };
        });
        services.AddSingleton<ManagerState>();
        services.AddSingleton<ManagerTermFactory>();
        services.AddSingleton<ManagerHealth>();
        services.AddSingleton(provider => new TargetAwareElection(
            provider.GetRequiredService<ILeaderElection>(), provider.GetRequiredService<IScalingTarget>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TargetAwareElection>>()));
        services.AddSingleton(provider => new LeadershipService(
            provider.GetRequiredService<TargetAwareElection>(), ManagerService.Election, options.Address.ToString(),
            provider.GetRequiredService<RoleHealth>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LeadershipService>>()));
        services.AddHostedService<ManagerService>();
        services.AddSingleton(provider => new LeadersRules(
            provider.GetRequiredService<IStateStore>(), () => provider.GetRequiredService<PolicyDirectory>().Current,
            () => provider.GetRequiredService<ManagerState>().Term?.Fence, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LeadersRules>>()));
        services.AddHostedService(provider => provider.GetRequiredService<LeadersRules>());
        if (options.Otlp is { } otlp) services.AddTraceExport(otlp, options.Address.ToString());
        services.AddHostedService(provider => new ScheduleFollower(
            provider.GetRequiredService<IStateStore>(), provider.GetRequiredService<ScheduleCache>(),
            () => provider.GetRequiredService<ManagerState>().Term is not null, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ScheduleFollower>>()));
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ManagerJson.Default));
        return services;
    }

    /// <summary>Maps the manager's and the collector's endpoints, <c>/metrics</c> and <c>/health</c>.</summary>
    public static void MapManager(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var access = new AccessControl(
            app.Services.GetRequiredService<ManagerOptions>().Principals, "lcm-manager",
            app.Services.GetRequiredService<CollectorRegistry>(), app.Services.GetRequiredService<TimeProvider>());
        access.WarnIn(app.Services.GetRequiredService<RoleHealth>());
        app.UseAccessControl(access);
        app.MapCollector();
        ManagerApi.Map(app, access);
    }

    /// <summary>On its own, so that the compiler is not loaded where nobody asks for it.</summary>
    private static void AddCSharpRules(this IServiceCollection services, string directory) =>
        services.AddSingleton(provider => new CSharpRules(
            directory, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<CSharpRules>>(),
            report: provider.GetRequiredService<RoleHealth>().Loop("the C# rules", RuleBuilder.Limit)));

    /// <summary>Who scales apps by a scheduler's API may also see their tasks there.</summary>
    private static CollectorOptions Collector(ManagerOptions options)
    {
        var collector = options.Collector ?? new CollectorOptions
        {
            Scheduler = options.Scheduler,
            OtherSchedulers = options.OtherSchedulers
        };
        return options.Target is { Kind: TargetKind.Marathon, User: { } user, PasswordFile: { } file }
            ? collector with
            {
                Credentials = [.. collector.Credentials,
                new MetricsCredential(MetricsCredential.Scheduler, user, file)]
            }
            : collector;
    }
}
