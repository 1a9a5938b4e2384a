using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clusters;
using LifecycleManager.Clusters.Http;
using LifecycleManager.Clusters.Kubernetes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scaling.Targets.Marathon;
using Microsoft.Extensions.DependencyInjection;
using Refit;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Chooses the target.</summary>
public static class ScalingTargets
{
    private const string Key = "lcm-manager-target";

    /// <summary>Adds the <see cref="IScalingTarget"/>.</summary>
    /// <param name="services">Gets it.</param>
    /// <param name="options">Which, and how to reach it.</param>
    /// <param name="attemptTimeout">The longest that one attempt of a call takes.</param>
    /// <param name="callTimeout">The longest that a call takes, retries included.</param>
    /// <param name="isReadOnly">Whether it is never changed.</param>
    /// <exception cref="ArgumentException">Options contradict each other, or a file is missing.</exception>
    public static IServiceCollection AddScalingTarget(
        this IServiceCollection services, TargetOptions options, TimeSpan attemptTimeout, TimeSpan callTimeout,
        bool isReadOnly = false)
    {
        var target = Complete(options);
        var client = target.Kind == TargetKind.Marathon
            ? services.AddKeyedRefitGeneratedClient<IMarathonApi>(Key, MarathonApi.Settings)
            : services.AddHttpClient(Key);
        client.ConnectTo(new ClusterConnection
        {
            Address = target.Address!,
            OtherAddresses = target.OtherAddresses,
            User = target.User,
            PasswordFile = target.PasswordFile,
            TokenFile = target.TokenFile,
            TokenHeader = target.Kind == TargetKind.Nomad ? ClusterClients.NomadTokenHeader : null,
            CaFile = target.CaFile,
            Tls = target.Kind != TargetKind.Marathon ? null : target.CaFile is null ? target.Tls : target.Tls?.CertificateAlone,
            AttemptTimeout = attemptTimeout,
            CallTimeout = callTimeout,
        });
        return services.AddSingleton(provider =>
            isReadOnly ? new ReadOnlyTarget(Connect(target, provider)) : Connect(target, provider));
    }

    private static IScalingTarget Connect(TargetOptions target, IServiceProvider provider)
    {
        if (target.Kind == TargetKind.Marathon)
            return new MarathonTarget(provider.GetRequiredKeyedService<IMarathonApi>(Key), target.Address!);
        var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(Key);
        return new ClusterTarget(target.Kind switch
        {
            TargetKind.Kubernetes => ClusterClients.Kubernetes(http, target.Address!, target.Namespace, target.LabelSelector),
            TargetKind.Nomad => ClusterClients.Nomad(http, target.Address!, target.Namespace),
            _ => ClusterClients.Swarm(http, target.Address!),
        });
    }

    /// <summary>Fills in what the kind implies.</summary>
    /// <exception cref="ArgumentException">Options contradict each other, or a file is missing.</exception>
    internal static TargetOptions Complete(TargetOptions target)
    {
        if (target.Kind == TargetKind.Kubernetes && target.Address is null)
        {
            target = target with
            {
                Address = InCluster.Address ?? throw new ArgumentException(
                    "the manager does not run in Kubernetes: the target needs an address"),
                TokenFile = target.TokenFile ?? InCluster.TokenFile,
                CaFile = target.CaFile ?? InCluster.CaFile,
            };
        }

        target = target with
        {
            Address = target.Address ?? target.Kind switch
            {
                TargetKind.Marathon => new Uri("http://127.0.0.1:8080"),
                TargetKind.Nomad => new Uri("http://127.0.0.1:4646"),
                _ => new Uri("unix:///var/run/docker.sock"),
            },
        };
        foreach (var address in (Uri[])[target.Address, .. target.OtherAddresses]) Check(address, target.Kind);
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

    private static void Check(Uri address, TargetKind kind)
    {
        if (address.UserInfo.Length > 0)
        {
            throw new ArgumentException(
                "the target's address must not hold credentials: give a user and a password file, or a token file");
        }

        if (address.Scheme is not ("http" or "https") && !(address.Scheme == "unix" && kind == TargetKind.Swarm))
        {
            throw new ArgumentException(
                $"the target's address {address} must begin with http, https{(kind == TargetKind.Swarm ? " or unix" : "")}");
        }
    }
}
