using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scaling.Targets.Marathon;
using Microsoft.Extensions.DependencyInjection;
using Refit;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Chooses the target.</summary>
internal static class ScalingTargets
{
    private const string Key = "lcm-manager-target";

    public static IServiceCollection AddScalingTarget(this IServiceCollection services, ManagerOptions options)
    {
        services.AddKeyedRefitGeneratedClient<IMarathonApi>(Key, MarathonApi.Settings)
            .ConfigureHttpClient(client => client.BaseAddress = options.Scheduler)
            .ConfigurePrimaryHttpMessageHandler(TargetHttp.NewHandler)
            .AddTargetResilience(options);
        services.AddSingleton<IScalingTarget>(provider =>
            new MarathonTarget(provider.GetRequiredKeyedService<IMarathonApi>(Key), options.Scheduler));
        return services;
    }
}
