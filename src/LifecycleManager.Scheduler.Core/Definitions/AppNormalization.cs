using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Fills Marathon's defaults into a definition in the canonical notation, and fixes the order of what has none.
/// </summary>
internal static class AppNormalization
{
    private static readonly IReadOnlyDictionary<string, JsonElement> NoEnv = new Dictionary<string, JsonElement>();
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();
    private static readonly JsonElement Unreachable =
        UnreachableNotation.Write(new UnreachableStrategy(TimeSpan.Zero, TimeSpan.Zero));
    private static readonly IReadOnlyList<AppNetwork> HostNetwork = [new AppNetwork { Mode = NetworkNotation.Host }];
    private static readonly IReadOnlyList<AppNetwork> BridgeNetwork = [new AppNetwork { Mode = NetworkNotation.Bridge }];
    private static readonly UpgradeStrategy Upgrade = new() { MinimumHealthCapacity = 1, MaximumOverCapacity = 1 };

    public static App Fill(App app, DefinitionRules rules)
    {
        var networks = NetworksOf(app);
        var host = networks[0].Mode == NetworkNotation.Host;
        return app with
        {
            Instances = app.Instances ?? AppDefaults.Instances,
            Cpus = app.Cpus ?? AppDefaults.Cpus,
            Mem = app.Mem ?? AppDefaults.Mem,
            Disk = app.Disk ?? AppDefaults.Disk,
            Gpus = app.Gpus ?? 0,
            Executor = app.Executor ?? "",
            Env = app.Env ?? NoEnv,
            Constraints = app.Constraints ?? [],
            Fetch = [.. (app.Fetch ?? []).Select(Fill)],
            Networks = networks,
            PortDefinitions = host ? [.. (app.PortDefinitions ?? [DefaultPort]).Select(Fill)] : app.PortDefinitions,
            RequirePorts = host && app.RequirePorts == true,
            BackoffSeconds = app.BackoffSeconds ?? AppDefaults.BackoffSeconds,
            BackoffFactor = app.BackoffFactor ?? AppDefaults.BackoffFactor,
            MaxLaunchDelaySeconds = app.MaxLaunchDelaySeconds ?? AppDefaults.MaxLaunchDelaySeconds,
            Container = app.Container is null ? null : Fill(app.Container, networks[0].Mode!),
            HealthChecks = [.. (app.HealthChecks ?? []).Select(Fill)],
            ReadinessChecks = [.. (app.ReadinessChecks ?? []).Select(Fill)],
            Dependencies = app.Dependencies ?? [],
            UpgradeStrategy = app.UpgradeStrategy is null ? Upgrade : new UpgradeStrategy
            {
                MinimumHealthCapacity = app.UpgradeStrategy.MinimumHealthCapacity ?? 1,
                MaximumOverCapacity = app.UpgradeStrategy.MaximumOverCapacity ?? 1,
            },
            Labels = app.Labels ?? NoLabels,
            UnreachableStrategy = app.UnreachableStrategy is { } strategy
                ? UnreachableNotation.Write(UnreachableNotation.Read(strategy)) : Unreachable,
            KillSelection = app.KillSelection ?? AppDefaults.KillSelection,
            Role = app.Role ?? rules.Role,
        };
    }

    private static AppPortMapping DefaultMapping => new() { Name = AppDefaults.PortName };

    private static PortDefinition DefaultPort => new() { Port = 0, Name = AppDefaults.PortName };

    private static IReadOnlyList<AppNetwork> NetworksOf(App app) => app.Networks is not { Count: > 0 } networks ? HostNetwork
        : networks is [{ Mode: NetworkNotation.Host, Name: null, Labels: null or { Count: 0 } }] ? HostNetwork
        : networks is [{ Mode: NetworkNotation.Bridge, Name: null, Labels: null or { Count: 0 } }] ? BridgeNetwork
        : networks;

    private static Artifact Fill(Artifact file) => file with
    {
        Extract = file.Extract ?? true,
        Executable = file.Executable ?? false,
        Cache = file.Cache ?? false,
    };

    private static PortDefinition Fill(PortDefinition port) => port with
    {
        Port = port.Port ?? 0,
        Protocol = port.Protocol ?? "tcp",
        Labels = port.Labels ?? NoLabels,
    };

    private static AppContainer Fill(AppContainer container, string network) => container with
    {
        Docker = container.Docker is not { } docker ? null : docker with
        {
            Privileged = docker.Privileged ?? false,
            ForcePullImage = docker.ForcePullImage ?? false,
            Parameters = docker.Parameters ?? [],
        },
        Volumes = container.Volumes ?? [],
        PortMappings = network switch
        {
            NetworkNotation.Host => container.PortMappings is { Count: 0 } ? null : container.PortMappings,

            // On a named network a port is published only where it says so.
            NetworkNotation.Container =>
                [.. (container.PortMappings ?? [DefaultMapping]).Select(mapping => Fill(mapping, mapping.HostPort))],
            _ => [.. (container.PortMappings ?? [DefaultMapping]).Select(mapping => Fill(mapping, mapping.HostPort ?? 0))],
        },
    };

    private static AppPortMapping Fill(AppPortMapping mapping, int? hostPort) => mapping with
    {
        ContainerPort = mapping.ContainerPort ?? 0,
        HostPort = hostPort,
        ServicePort = mapping.ServicePort ?? 0,
        Protocol = mapping.Protocol ?? "tcp",
        Labels = mapping.Labels ?? NoLabels,
    };

    private static AppHealthCheck Fill(AppHealthCheck check)
    {
        var command = check.Protocol == "COMMAND";
        return check with
        {
            Protocol = check.Protocol ?? "HTTP",
            Path = check.Path ?? (command || check.Protocol is "TCP" or "MESOS_TCP" ? null : "/"),
            PortIndex = check.PortIndex ?? (check.Port is null && !command ? 0 : null),
            GracePeriodSeconds = check.GracePeriodSeconds ?? 300,
            IntervalSeconds = check.IntervalSeconds ?? 60,
            TimeoutSeconds = check.TimeoutSeconds ?? 20,
            MaxConsecutiveFailures = check.MaxConsecutiveFailures ?? 3,
            DelaySeconds = check.DelaySeconds ?? 15,
            IgnoreHttp1xx = check.IgnoreHttp1xx ?? false,
            IpProtocol = check.IpProtocol ?? "IPv4",
        };
    }

    private static ReadinessCheck Fill(ReadinessCheck check) => check with
    {
        Name = check.Name ?? AppDefaults.ReadinessCheckName,
        Protocol = check.Protocol ?? "HTTP",
        Path = check.Path is not { Length: > 0 } path ? "/" : path[0] == '/' ? path : "/" + path,
        PortName = check.PortName ?? AppDefaults.ReadinessPortName,
        IntervalSeconds = check.IntervalSeconds ?? 30,
        TimeoutSeconds = check.TimeoutSeconds ?? 10,
        HttpStatusCodesForReady = check.HttpStatusCodesForReady ?? [200],
        PreserveLastResponse = check.PreserveLastResponse ?? false,
    };
}
