using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>The registrar as a part of a role.</summary>
public static class EurekaServices
{
    /// <summary>
    /// Adds the registrar, where there is a server. The container gives <see cref="IServingApps"/>, the time, logging and the
    /// role's health.
    /// </summary>
    /// <exception cref="ArgumentException">An address holds credentials.</exception>
    public static IServiceCollection AddEurekaRegistrar(this IServiceCollection services, EurekaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Servers.Any(server => server.UserInfo.Length > 0))
            throw new ArgumentException("the address of a Eureka server must not hold credentials: it is logged",
                nameof(options));
        return options.Servers.Count == 0 ? services : services.AddSingleton(options).AddHostedService<EurekaRegistrar>();
    }
}
