using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Brings what is written in Marathon's older notations into today's. Nothing is filled in: a partial update stays partial. What
/// only answers have was passed over as the request was read (<see cref="FieldNotes"/>).
/// </summary>
internal static class AppNotation
{
    private static readonly string[] Archives = [".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"];

    /// <summary>The app in today's notation.</summary>
    /// <param name="app">As it was sent.</param>
    /// <param name="path">Where it stands in the request.</param>
    /// <param name="problems">What is wrong.</param>
    /// <param name="whole">It is a definition and no update: what it leaves out is not there.</param>
    public static App Canonical(App app, string path, Problems problems, bool whole = false)
    {
        problems.Unless(app.Pod is null, $"{path}/pod", "is not a known field: pods are made at /v2/pods");
        var container = ContainerOf(app, path, problems);
        var networks = OldNetworks.Of(app, path, problems);
        var ports = PortsOf(app, path, problems);
        if (networks is { Count: > 0 } || whole)
        {
            var mode = networks is [var network, ..] ? network.Mode : NetworkNotation.Host;
            (container, ports) = PortsFor(mode, container, ports, whole);
        }

        return app with
        {
            IpAddress = null,
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
        return app.Fetch is { Count: > 0 } ? app.Fetch
            : [.. uris.Select(uri => new Artifact { Uri = uri, Extract = IsArchive(uri) })];
    }

    private static IReadOnlyList<PortDefinition>? PortsOf(App app, string path, Problems problems)
    {
        if (app.Ports is not { } ports || (ports.Count == 0 && app.PortDefinitions is not null)) return app.PortDefinitions;
        if (app.PortDefinitions is not { } definitions) return [.. ports.Select(port => new PortDefinition { Port = port })];
        if (!definitions.Select(definition => definition.Port ?? 0).SequenceEqual(ports))
            problems.Add($"{path}/ports", "must not be set together with 'portDefinitions', which replaces it");
        return definitions;
    }

    /// <summary>Of the notation without <c>extract</c>, by the name of the file.</summary>
    private static bool IsArchive(string uri) => Uri.TryCreate(uri, UriKind.RelativeOrAbsolute, out var parsed)
        && (parsed.IsAbsoluteUri ? parsed.AbsolutePath : uri) is var name
        && Archives.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>
    /// Definitions of old carry the ports of both kinds of network, and Marathon's normalization drops those of the other kind:
    /// mappings on the host's network; elsewhere definitions, of which those beyond the mappings are mappings of any port.
    /// </summary>
    private static (AppContainer?, IReadOnlyList<PortDefinition>?) PortsFor(
        string? mode, AppContainer? container, IReadOnlyList<PortDefinition>? ports, bool whole)
    {
        if (container is null) return (container, ports);
        if (mode == NetworkNotation.Host) return (container with { PortMappings = null }, ports);
        if (ports is null) return (container, ports);

        // The one port of an app that says nothing of ports counts among them.
        var mappings = container.PortMappings ?? (whole ? [new AppPortMapping { Name = AppDefaults.PortName }] : []);
        var beyond = Enumerable.Range(0, Math.Max(0, ports.Count - mappings.Count)).Select(_ => new AppPortMapping());
        return (ports.Count > mappings.Count ? container with { PortMappings = [.. mappings, .. beyond] } : container, null);
    }

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

        // Marathon wrote a portIndex of 0 for every check, when it could not be left out, and asks no port by a command.
        Port = check.Protocol == "COMMAND" ? null : check.Port,
        PortIndex = check.Protocol == "COMMAND" ? null : check.PortIndex,
    };
}
