using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>What an app and a placed instance of it make as a Mesos task.</summary>
internal static class TaskInfoBuilder
{
    /// <summary>Builds.</summary>
    /// <param name="app">The definition.</param>
    /// <param name="instance">The instance, with agent and ports.</param>
    /// <param name="taken">The resources it got.</param>
    /// <param name="defaultUser">The user where the app names none; empty for the agent's own.</param>
    public static TaskInfo Build(AppDefinition app, Instance instance, IReadOnlyList<TakenResources> taken, string defaultUser)
    {
        var name = string.Join('.', app.Id.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        return new TaskInfo
        {
            Name = name,
            TaskId = new TaskId(instance.TaskId),
            AgentId = new AgentId(instance.AgentId),
            Resources = Resources(taken),
            Command = Command(app, instance, defaultUser),
            Container = Container(app, instance),
            HealthCheck = AgentHealthCheck(app, instance),
            KillPolicy = app.KillGracePeriod is { } grace ? new KillPolicy { GracePeriod = DurationInfo.From(grace) } : null,
            Labels = app.Labels.Count == 0 ? null : Labels(app.Labels),
            Discovery = Discovery(app, instance, name),
        };
    }

    /// <summary>The port within the task's own network: the container's port, or the host's where they are the same.</summary>
    internal static int? InnerPort(AppDefinition app, Instance instance, int index)
    {
        if (index < 0 || index >= app.Ports.Count) return null;
        var host = index < instance.Ports.Count ? instance.Ports[index] : null;
        return app.Ports[index].ContainerPort is 0 or null ? host : app.Ports[index].ContainerPort;
    }

    /// <summary>What was taken, as Mesos has it.</summary>
    internal static IReadOnlyList<Resource> Resources(IReadOnlyList<TakenResources> taken) => [.. taken.SelectMany(Resources)];

    private static IEnumerable<Resource> Resources(TakenResources taken)
    {
        var template = taken.From.Template;
        if (taken.Cpus > 0) yield return Of(Resource.OfScalar("cpus", taken.Cpus / 1000.0));
        if (taken.Mem > 0) yield return Of(Resource.OfScalar("mem", taken.Mem / 1000.0));
        if (taken.Disk > 0) yield return Of(Resource.OfScalar("disk", taken.Disk / 1000.0));
        if (taken.Gpus > 0) yield return Of(Resource.OfScalar("gpus", taken.Gpus / 1000.0));
        if (taken.Ports.Count > 0) yield return Of(Resource.OfRanges("ports", Ranges(taken.Ports)));

        Resource Of(Resource resource) => template is null ? resource with { Role = taken.From.Role } : resource with
        {
            Role = template.Role,
            Reservations = template.Reservations,
            AllocationInfo = template.AllocationInfo,
        };
    }

    private static List<ValueRange> Ranges(IReadOnlyList<int> ports)
    {
        var ranges = new List<ValueRange>();
        foreach (var port in ports.Order())
        {
            if (ranges.Count > 0 && ranges[^1].End + 1 == (ulong)port) ranges[^1] = ranges[^1] with { End = (ulong)port };
            else ranges.Add(new ValueRange((ulong)port, (ulong)port));
        }

        return ranges;
    }

    private static CommandInfo Command(AppDefinition app, Instance instance, string defaultUser)
    {
        var user = app.Wire.User ?? (defaultUser.Length > 0 ? defaultUser : null);
        var command = new CommandInfo
        {
            Environment = MarathonEnvironment.Build(app, instance),
            User = user,
            Uris = app.Wire.Fetch is { Count: > 0 } fetch
                ? [.. fetch.Select(artifact => new CommandInfo.Uri
                {
                    Value = artifact.Uri,
                    Extract = artifact.Extract ?? true,
                    Executable = artifact.Executable ?? false,
                    Cache = artifact.Cache ?? false,
                    OutputFile = artifact.DestPath,
                })]
                : null,
        };
        if (app.Wire.Cmd is { } line) return command with { Shell = true, Value = line };
        if (app.Wire.Args is not { Count: > 0 } args) return command with { Shell = false };

        // With an image the arguments are its entry point's; without, the first is the program itself.
        return app.Wire.Container?.Docker?.Image is not null
            ? command with { Shell = false, Arguments = args }
            : command with { Shell = false, Value = args[0], Arguments = args };
    }

    private static ContainerInfo? Container(AppDefinition app, Instance instance)
    {
        var container = app.Wire.Container;
        var volumes = Volumes(container);
        var networks = app.Wire.Networks?.Where(network => network.Name is not null)
            .Select(network => new NetworkInfo
            {
                Name = network.Name,
                Labels = network.Labels is { Count: > 0 } labels
                ? Labels(labels) : null
            })
            .ToList();
        if (networks is { Count: 0 }) networks = null;
        if (container?.Docker is { Image: { } image } docker)
        {
            var mappings = app.Network == NetworkMode.Host ? [] : PortMappings(app, instance);
            return new ContainerInfo
            {
                Type = ContainerType.Docker,
                Volumes = volumes,
                NetworkInfos = networks,
                Docker = new DockerInfo
                {
                    Image = image,
                    Network = app.Network switch
                    {
                        NetworkMode.Host => DockerNetwork.Host,
                        NetworkMode.Bridge => DockerNetwork.Bridge,
                        _ => DockerNetwork.User,
                    },
                    PortMappings = mappings.Count == 0 ? null : mappings,
                    Privileged = docker.Privileged,
                    ForcePullImage = docker.ForcePullImage,
                    Parameters = docker.Parameters is { Count: > 0 } parameters
                        ? [.. parameters.Select(parameter => new Parameter(parameter.Key, parameter.Value))]
                        : null,
                },
            };
        }

        if (volumes is null && networks is null) return null;
        return new ContainerInfo { Type = ContainerType.Mesos, Volumes = volumes, NetworkInfos = networks };
    }

    private static List<PortMapping> PortMappings(AppDefinition app, Instance instance)
    {
        var mappings = new List<PortMapping>();
        for (var index = 0; index < app.Ports.Count; index++)
        {
            if (index >= instance.Ports.Count || instance.Ports[index] is not { } host) continue;
            foreach (var protocol in app.Ports[index].Protocol.Split(','))
            {
                mappings.Add(new PortMapping
                {
                    HostPort = (uint)host,
                    ContainerPort = (uint)InnerPort(app, instance, index)!.Value,
                    Protocol = protocol.Trim(),
                });
            }
        }

        return mappings;
    }

    private static List<Volume>? Volumes(AppContainer? container)
    {
        var volumes = container?.Volumes?.Where(volume => volume is { ContainerPath: not null, HostPath: not null })
            .Select(volume => new Volume
            {
                ContainerPath = volume.ContainerPath!,
                HostPath = volume.HostPath,
                Mode = string.Equals(volume.Mode, "RO", StringComparison.OrdinalIgnoreCase)
                ? VolumeMode.ReadOnly : VolumeMode.ReadWrite,
            }).ToList();
        return volumes is { Count: > 0 } ? volumes : null;
    }

    private static HealthCheck? AgentHealthCheck(AppDefinition app, Instance instance)
    {
        // Mesos runs one check per task; definitions with more are refused.
        if (app.HealthChecks.FirstOrDefault(check => check.IsAgentSide) is not { } spec) return null;
        var common = new HealthCheck
        {
            DelaySeconds = spec.Delay.TotalSeconds,
            IntervalSeconds = spec.Interval.TotalSeconds,
            TimeoutSeconds = spec.Timeout.TotalSeconds,
            GracePeriodSeconds = spec.GracePeriod.TotalSeconds,
            ConsecutiveFailures = (uint)spec.MaxConsecutiveFailures,
        };
        if (spec.Protocol == HealthProtocol.Command)
            return common with
            {
                Type = CheckType.Command,
                Command = new CommandInfo { Shell = true, Value = spec.Command ?? "" }
            };

        var port = spec.Port ?? InnerPort(app, instance, spec.PortIndex ?? 0);
        if (port is not { } number) return null;
        var ip = spec.Ipv6 ? "IPv6" : "IPv4";
        return spec.Protocol == HealthProtocol.MesosTcp
            ? common with { Type = CheckType.Tcp, Tcp = new TcpCheck { Port = (uint)number, Protocol = ip } }
            : common with
            {
                Type = CheckType.Http,
                Http = new HttpCheck
                {
                    Scheme = spec.Protocol == HealthProtocol.MesosHttps ? "https" : "http",
                    Port = (uint)number,
                    Path = spec.Path,
                    Protocol = ip,
                },
            };
    }

    private static DiscoveryInfo Discovery(AppDefinition app, Instance instance, string name)
    {
        var ports = new List<DiscoveryPort>();
        for (var index = 0; index < app.Ports.Count; index++)
        {
            var spec = app.Ports[index];
            var number = (index < instance.Ports.Count ? instance.Ports[index] : null) ?? InnerPort(app, instance, index);
            if (number is null) continue;
            foreach (var protocol in spec.Protocol.Split(','))
            {
                ports.Add(new DiscoveryPort
                {
                    Number = (uint)number.Value,
                    Name = spec.Name,
                    Protocol = protocol.Trim(),
                    Labels = spec.Labels is { Count: > 0 } labels ? Labels(labels) : null,
                });
            }
        }

        return new DiscoveryInfo
        {
            Visibility = "FRAMEWORK",
            Name = name,
            Ports = ports.Count == 0
            ? null : new DiscoveryPorts(ports)
        };
    }

    private static Labels Labels(IReadOnlyDictionary<string, string> labels) =>
        new([.. labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => new Label(label.Key, label.Value))]);
}
