using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// <c>networks</c> of the notations before it, <c>container.docker.network</c> and <c>ipAddress</c>, as Marathon translates them;
/// it takes no mixture of old and new.
/// </summary>
internal static class OldNetworks
{
    // The name of Mesos' own bridge, which some definitions write for the mode.
    private const string MesosBridge = "mesos-bridge";

    private static readonly string[] Old = ["BRIDGE", "HOST", "USER"];

    /// <summary>The networks of an app as it was sent; null or empty where it says nothing of them.</summary>
    public static IReadOnlyList<AppNetwork>? Of(App app, string path, Problems problems)
    {
        var (address, old) = (app.IpAddress, app.Container?.Docker?.Network);
        if (address is not null) Check(app, address, path, problems);
        if (app.Networks is { Count: > 0 } given)
        {
            problems.Unless(address is null, $"{path}/ipAddress", "must not be set together with 'networks', which replaces it");
            problems.Unless(old is null, $"{path}/container/docker/network",
                "must not be set together with 'networks', which replaces it");
            return [.. given.Select(network => network with { Mode = network.Mode ?? NetworkNotation.Container })];
        }

        if (address is null && old is null) return app.Networks;
        switch (old)
        {
            case "HOST":
                return [new AppNetwork { Mode = NetworkNotation.Host }];
            case "BRIDGE":
            case null when address!.NetworkName == MesosBridge:
                return [new AppNetwork { Mode = NetworkNotation.Bridge, Labels = address?.Labels }];
            case "USER" or null:
                return [new AppNetwork
                {
                    Mode = NetworkNotation.Container, Name = address?.NetworkName, Labels = address?.Labels,
                }];
            default:
                problems.Add($"{path}/container/docker/network", old == "NONE"
                    ? "NONE is not supported: use BRIDGE without port mappings"
                    : $"'{old}' must be one of {string.Join(", ", Old)}" + NearestName.Hint(old, Old));
                return app.Networks;
        }
    }

    private static void Check(App app, AppIpAddress address, string path, Problems problems)
    {
        problems.Unless(address.Discovery?.Ports is not { Count: > 0 }, $"{path}/ipAddress/discovery",
            "is not supported: for Docker containers use portMappings");
        problems.Unless(app.Ports is not { Count: > 0 } && app.PortDefinitions is not { Count: > 0 }, $"{path}/ipAddress",
            "must not be set together with ports: those of an address of its own are container.portMappings");
    }
}
