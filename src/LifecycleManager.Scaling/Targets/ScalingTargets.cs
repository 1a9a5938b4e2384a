using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Reconnecting;
using LifecycleManager.Scaling.Targets.Kubernetes;
using LifecycleManager.Scaling.Targets.Marathon;
using LifecycleManager.Scaling.Targets.Nomad;
using LifecycleManager.Scaling.Targets.Swarm;
using Microsoft.Extensions.DependencyInjection;
using Refit;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Chooses the target.</summary>
internal static class ScalingTargets
{
    private const string Key = "lcm-manager-target";
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static IServiceCollection AddScalingTarget(this IServiceCollection services, ManagerOptions options)
    {
        var target = Complete(options.Target, options.Scheduler);
        var client = target.Kind == TargetKind.Marathon
            ? services.AddKeyedRefitGeneratedClient<IMarathonApi>(Key, MarathonApi.Settings)
            : services.AddHttpClient(Key);
        client.ConfigureHttpClient(http => http.BaseAddress = BaseAddress(target.Address!))
            .ConfigurePrimaryHttpMessageHandler(() => TargetHttp.NewHandler(target))
            .AddTargetResilience(options);

        // Inside the pipeline: each attempt is for the address that answers.
        if (target.Kind == TargetKind.Marathon && options.Target.Address is null && options.OtherSchedulers.Count > 0)
        {
            var addresses = new AddressList([target.Address!, .. options.OtherSchedulers]);
            client.AddHttpMessageHandler(() => new AddressListHandler(addresses));
        }

        client.AddHttpMessageHandler(() => new CredentialHandler(target));
        return services.AddSingleton<IScalingTarget>(provider =>
        {
            if (target.Kind == TargetKind.Marathon)
            {
                return new MarathonTarget(provider.GetRequiredKeyedService<IMarathonApi>(Key), target.Address!);
            }

            var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(Key);
            return target.Kind switch
            {
                TargetKind.Kubernetes => new KubernetesTarget(http, target.Address!, target),
                TargetKind.Nomad => new NomadTarget(http, target.Address!, target),
                _ => new SwarmTarget(http, target.Address!),
            };
        });
    }

    /// <summary>Fills in what the kind implies.</summary>
    /// <exception cref="ArgumentException">Options contradict each other, or a file is missing.</exception>
    internal static TargetOptions Complete(TargetOptions target, Uri scheduler)
    {
        if (target.Kind == TargetKind.Kubernetes && target.Address is null)
        {
            var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
            if (string.IsNullOrEmpty(host))
                throw new ArgumentException("the manager does not run in Kubernetes: the target needs an address");
            var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT") ?? "443";
            target = target with
            {
                Address = new Uri($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}"),
                TokenFile = target.TokenFile ?? $"{ServiceAccount}/token",
                CaFile = target.CaFile ?? $"{ServiceAccount}/ca.crt",
            };
        }

        target = target with
        {
            Address = target.Address ?? target.Kind switch
            {
                TargetKind.Marathon => scheduler,
                TargetKind.Nomad => new Uri("http://127.0.0.1:4646"),
                _ => new Uri("unix:///var/run/docker.sock"),
            },
        };
        if (target.Address.Scheme is not ("http" or "https")
            && !(target.Address.Scheme == "unix" && target.Kind == TargetKind.Swarm))
        {
            throw new ArgumentException(
                $"the target's address {target.Address} is none of http, https{(target.Kind == TargetKind.Swarm ? ", unix" : "")}");
        }

        if (target.Address.UserInfo.Length > 0)
        {
            throw new ArgumentException(
                "the target's address must not hold credentials: give a user and a password file, or a token file");
        }

        if (target.TokenFile is not null && (target.User is not null || target.PasswordFile is not null))
        {
            throw new ArgumentException("the target takes a token file, or a user with a password file, not both");
        }

        if (target.User is null != target.PasswordFile is null)
            throw new ArgumentException("the target's user and password file belong together");
        foreach (var file in new[] { target.TokenFile, target.PasswordFile, target.CaFile })
        {
            if (file is not null && !File.Exists(file)) throw new ArgumentException($"the target's file {file} does not exist");
        }

        return target;
    }

    // Relative paths keep a path in the address, as behind a proxy; a socket has no host.
    private static Uri BaseAddress(Uri address) =>
        address.Scheme == "unix" ? new Uri("http://docker/") : address.AbsolutePath.EndsWith('/')
        ? address : new Uri(address + "/");
}
