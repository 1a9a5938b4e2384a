using System.Text.Json;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Brings what is written in Marathon's older notations into today's. Nothing is filled in: a partial update stays partial. What
/// only answers have was passed over as the request was read (<see cref="FieldNotes"/>).
/// </summary>
internal static class AppNotation
{
    public static App Canonical(App app, string path, Problems problems)
    {
        problems.Unless(app.Pod is null, $"{path}/pod", "is not a known field: pods are made at /v2/pods");
        var container = ContainerOf(app, path, problems);
        var named = NameOf(app);
        var networks = NetworksOf(app, container, named, path, problems);
        var ports = PortsOf(app, path, problems);
        if (networks is [var network, ..]) (container, ports) = PortsFor(network, container, ports);
        return app with
        {
            IpAddress = named is null ? app.IpAddress : null,
            Fetch = FetchOf(app, path, problems),
            Uris = null,
            PortDefinitions = ports,
            Ports = null,
            Networks = networks,
            Container = container,
            UnreachableStrategy = UnreachableNotation.Check(app.UnreachableStrategy, $"{path}/unreachableStrategy", problems),
            HealthChecks = app.HealthChecks is null ? null : [.. app.HealthChecks.Select(Canonical)],
        };
    }

    private static IReadOnlyList<Artifact>? FetchOf(App app, string path, Problems problems)
    {
        if (app.Uris is not { Count: > 0 } uris) return app.Fetch ?? (app.Uris is null ? null : []);
        if (app.Fetch is { Count: > 0 } fetch && !fetch.Select(file => file.Uri).SequenceEqual(uris))
            problems.Add($"{path}/uris", "must not be set together with 'fetch', which replaces it");
        return app.Fetch is { Count: > 0 } ? app.Fetch : [.. uris.Select(uri => new Artifact { Uri = uri })];
    }

    private static IReadOnlyList<PortDefinition>? PortsOf(App app, string path, Problems problems)
    {
        if (app.Ports is not { } ports || (ports.Count == 0 && app.PortDefinitions is not null)) return app.PortDefinitions;
        if (app.PortDefinitions is not { } definitions) return [.. ports.Select(port => new PortDefinition { Port = port })];
        if (!definitions.Select(definition => definition.Port ?? 0).SequenceEqual(ports))
            problems.Add($"{path}/ports", "must not be set together with 'portDefinitions', which replaces it");
        return definitions;
    }

    /// <summary>
    /// Definitions of old carry the ports of both kinds of network, and Marathon's normalization drops those of the other kind:
    /// mappings on the host's network; elsewhere definitions, of which those beyond the mappings are mappings of any port.
    /// </summary>
    private static (AppContainer?, IReadOnlyList<PortDefinition>?) PortsFor(
        AppNetwork network, AppContainer? container, IReadOnlyList<PortDefinition>? ports)
    {
        if (container is null) return (container, ports);
        if (network.Mode == NetworkNotation.Host) return (container with { PortMappings = null }, ports);
        if (ports is null) return (container, ports);
        var mappings = container.PortMappings ?? [];
        var beyond = Enumerable.Range(0, Math.Max(0, ports.Count - mappings.Count)).Select(_ => new AppPortMapping());
        return (ports.Count > mappings.Count ? container with { PortMappings = [.. mappings, .. beyond] } : container, null);
    }

    private static IReadOnlyList<AppNetwork>? NetworksOf(
        App app, AppContainer? container, string? named, string path, Problems problems)
    {
        var old = app.Container?.Docker?.Network ?? (named is null ? null : "USER");
        if (old is null)
        {
            if (app.Networks is { Count: > 0 } given)
                return [.. given.Select(network => network with { Mode = network.Mode ?? NetworkNotation.Container })];
            return container?.PortMappings is { Count: > 0 } ? [new AppNetwork { Mode = NetworkNotation.Bridge }] : app.Networks;
        }

        var mode = old.ToUpperInvariant() switch
        {
            "BRIDGE" => NetworkNotation.Bridge,
            "HOST" => NetworkNotation.Host,
            "USER" => NetworkNotation.Container,
            _ => null,
        };
        if (mode is null)
        {
            problems.Add($"{path}/container/docker/network", old.Equals("NONE", StringComparison.OrdinalIgnoreCase)
                ? "NONE is not supported: use BRIDGE without port mappings"
                : $"'{old}' must be one of BRIDGE, HOST, USER" + NearestName.Hint(old, ["BRIDGE", "HOST", "USER"]));
        }
        else if (app.Networks is { Count: > 0 } networks && networks[0].Mode != mode)
        {
            problems.Add($"{path}/networks", $"contradicts container.docker.network {old}, which it replaces");
        }

        return app.Networks is { Count: > 0 } ? app.Networks
            : [new AppNetwork { Mode = mode, Name = mode == NetworkNotation.Container ? named : null }];
    }

    // The network's name of the notation before networks, where it says nothing else.
    private static string? NameOf(App app)
    {
        if (app.IpAddress is not { ValueKind: JsonValueKind.Object } address
            || app.Container?.Docker?.Network is { } old && !old.Equals("USER", StringComparison.OrdinalIgnoreCase)) return null;
        string? name = null;
        foreach (var field in address.EnumerateObject())
        {
            if (field.Name == "networkName" && field.Value.ValueKind == JsonValueKind.String) name = field.Value.GetString();
            else if (!IsEmpty(field.Value)) return null;
        }

        return name;
    }

    private static bool IsEmpty(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.Array => element.GetArrayLength() == 0,
        JsonValueKind.Object => element.EnumerateObject().All(field => IsEmpty(field.Value)),
        _ => false,
    };

    private static AppContainer? ContainerOf(App app, string path, Problems problems)
    {
        if (app.Container is not { } container) return null;
        var docker = container.Docker;
        if (container.Type is { } type && docker?.Type is { } misplaced
            && !type.Equals(misplaced, StringComparison.OrdinalIgnoreCase))
            problems.Add($"{path}/container/docker/type", $"contradicts container.type '{type}', where it belongs");
        if (container.PortMappings is { Count: > 0 } && docker?.PortMappings is { Count: > 0 })
            problems.Add($"{path}/container/docker/portMappings",
                "must not be set together with 'container.portMappings', which replaces it");

        return container with
        {
            Type = (container.Type ?? docker?.Type)?.ToUpperInvariant() ?? (docker is null ? "MESOS" : "DOCKER"),
            Docker = docker is null ? null : docker with { Type = null, Network = null, PortMappings = null },
            PortMappings = container.PortMappings is { Count: > 0 } ? container.PortMappings : docker?.PortMappings
                ?? container.PortMappings,
        };
    }

    private static AppHealthCheck Canonical(AppHealthCheck check) => check with
    {
        Path = check.Path is { Length: > 0 } path && path[0] != '/' ? "/" + path : check.Path,
    };
}
