using System.Globalization;
using System.Net;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Protocol.Mesos;
using Secret = LifecycleManager.Protocol.Mesos.Secret;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>Translates a task into what the Docker engine is asked to create. No I/O.</summary>
internal static class DockerDescription
{
    /// <summary>Where a container sees its sandbox, as in Mesos.</summary>
    public const string SandboxPath = "/mnt/mesos/sandbox";

    public const string HomeLabel = "lcm.agent.home";
    public const string ContainerLabel = "lcm.container";
    public const string TaskLabel = "lcm.task";
    public const string FrameworkLabel = "lcm.framework";
    public const string AgentLabel = "lcm.agent";

    /// <summary>A container's name at the engine: one for each launch, so that it cannot be created twice.</summary>
    public static string NameOf(string containerId) => "lcm-" + containerId;

    /// <summary>Whether the task has something fetched, which it finds in its sandbox even where that is not mounted.</summary>
    public static bool Fetches(TaskRecord record) => record.Task.Command?.Uris is { Count: > 0 };

    /// <summary>Describes the container.</summary>
    /// <param name="record">The task.</param>
    /// <param name="options">The agent.</param>
    /// <param name="home">Names the agent's work directory.</param>
    /// <param name="sandbox">The sandbox on the machine, or null when it is not mounted.</param>
    /// <param name="resolve">Resolves a secret.</param>
    /// <exception cref="FormatException">The task cannot be run as described; the message says why.</exception>
    public static CreateContainerParameters Of(
        TaskRecord record, AgentOptions options, string home, string? sandbox, Func<Secret, string> resolve)
    {
        var task = record.Task;
        var docker = task.Container?.Docker ?? throw new FormatException("the container has no docker part");
        if (string.IsNullOrWhiteSpace(docker.Image)) throw new FormatException("the container has no image");
        var limits = TaskLimits.Of(record, options.TaskPids);
        var sees = sandbox is not null || Fetches(record);
        var environment = TaskEnvironment.Of(record, sees ? SandboxPath : "", options.Hostname, resolve);
        if (!sees) environment.Remove("MESOS_SANDBOX");
        environment["MESOS_CONTAINER_NAME"] = NameOf(record.ContainerId);
        var network = docker.Network ?? DockerNetwork.Host;
        var container = new CreateContainerParameters
        {
            Name = NameOf(record.ContainerId),
            Image = docker.Image,
            Env = [.. environment.Select(variable => $"{variable.Key}={variable.Value}")],
            Labels = new Dictionary<string, string>
            {
                [TaskLabel] = record.TaskId.Value,
                [FrameworkLabel] = record.FrameworkId.Value,
                [AgentLabel] = record.AgentId.Value,
                [HomeLabel] = home,
                [ContainerLabel] = record.ContainerId,
                [TaskMark.RecordLabel] = TaskMark.Of(record),
            },
            HostConfig = new HostConfig
            {
                NetworkMode = ModeOf(network, task.Container),
                Privileged = docker.Privileged ?? false,
                CPUShares = limits.CpuShares,
                Memory = limits.MemoryBytes,
                // As much as memory: no swap beyond the limit.
                MemorySwap = limits.MemoryBytes,
                PidsLimit = limits.Pids == 0 ? null : limits.Pids,
                Binds = [.. Volumes(task.Container)],
                VolumeDriver = docker.VolumeDriver ?? "",
                // The engine keeps no more of the output than the sandbox.
                LogConfig = new LogConfig
                {
                    Type = "json-file",
                    Config = new Dictionary<string, string>
                    {
                        ["max-size"] = options.MaxLogSize.ToString(CultureInfo.InvariantCulture),
                        ["max-file"] = "2",
                    },
                },
            },
        };
        if (options.CpuQuota)
            (container.HostConfig.CPUPeriod, container.HostConfig.CPUQuota) = (TaskLimits.CpuPeriod, limits.CpuQuota);
        if (task.Container?.Hostname is { } hostname) container.Hostname = hostname;
        if (task.Command?.User is { Length: > 0 } user) container.User = user;
        if (sandbox is not null) container.HostConfig.Binds.Add($"{sandbox}:{SandboxPath}:rw");
        AddCommand(container, task.Command);
        AddPorts(container, docker, network, options.TaskAddress);
        foreach (var parameter in docker.Parameters ?? []) DockerParameters.Apply(container, parameter.Key, parameter.Value);
        // Stated options come last and win, and a log driver of one's own has its own options.
        if (docker.Parameters?.Any(parameter => parameter.Key == "log-driver") == true)
            container.HostConfig.LogConfig!.Config ??= new Dictionary<string, string>();
        return container;
    }

    private static string ModeOf(DockerNetwork network, ContainerInfo? container) => network switch
    {
        DockerNetwork.Host => "host",
        DockerNetwork.Bridge => "bridge",
        DockerNetwork.None => "none",
        _ => container?.NetworkInfos is [{ Name.Length: > 0 } named, ..]
            ? named.Name : throw new FormatException("the network USER needs the name of a network in networkInfos"),
    };

    private static void AddCommand(CreateContainerParameters container, CommandInfo? command)
    {
        if (command is null) return;
        if (command.Shell ?? true)
        {
            if (command.Value is not { } line) return;
            (container.Entrypoint, container.Cmd) = (["/bin/sh"], ["-c", line]);
            return;
        }

        // Arguments for the image's own entry point.
        List<string> arguments = [.. command.Value is { Length: > 0 } value ? [value] : Array.Empty<string>(),
            .. command.Arguments ?? []];
        if (arguments.Count > 0) container.Cmd = arguments;
    }

    private static void AddPorts(CreateContainerParameters container, DockerInfo docker, DockerNetwork network, IPAddress address)
    {
        if (docker.PortMappings is not { Count: > 0 } mappings) return;
        // A mapping of a port to itself is what the host's network does anyway.
        if (network == DockerNetwork.Host && mappings.All(mapping => mapping.ContainerPort is 0
            || mapping.ContainerPort == mapping.HostPort)) return;
        if (network is DockerNetwork.Host or DockerNetwork.None)
            throw new FormatException(
                $"port mappings need the network BRIDGE or USER, and this is {network.ToString().ToUpperInvariant()}");
        container.ExposedPorts = new Dictionary<string, EmptyStruct>();
        container.HostConfig!.PortBindings = new Dictionary<string, IList<PortBinding>>();
        foreach (var mapping in mappings)
        {
            if (mapping.HostPort is 0 or > ushort.MaxValue)
                throw new FormatException($"the host port {mapping.HostPort} is none");
            if (mapping.ContainerPort > ushort.MaxValue)
                throw new FormatException($"the container port {mapping.ContainerPort} is none");
            // Marathon's "the same as the host port".
            var inside = mapping.ContainerPort is 0 ? mapping.HostPort : mapping.ContainerPort;
            foreach (var protocol in (mapping.Protocol ?? "tcp").ToLowerInvariant().Split(','))
            {
                if (protocol is not ("tcp" or "udp" or "sctp"))
                    throw new FormatException($"the protocol '{protocol}' is none of tcp, udp, sctp");
                var key = string.Create(CultureInfo.InvariantCulture, $"{inside}/{protocol}");
                container.ExposedPorts[key] = default;
                if (!container.HostConfig!.PortBindings.TryGetValue(key, out var bindings))
                    container.HostConfig!.PortBindings[key] = bindings = [];
                bindings.Add(new PortBinding
                {
                    HostIP = address.ToString(),
                    HostPort = mapping.HostPort.ToString(CultureInfo.InvariantCulture),
                });
            }
        }
    }

    private static IEnumerable<string> Volumes(ContainerInfo? container)
    {
        foreach (var volume in container?.Volumes ?? [])
        {
            if (!volume.ContainerPath.StartsWith('/'))
                throw new FormatException($"the volume '{volume.ContainerPath}' is not an absolute path in the container");
            if (volume.HostPath is not { Length: > 0 } host)
                throw new FormatException($"the volume '{volume.ContainerPath}' has no host path");
            if (host.Contains(':', StringComparison.Ordinal) || volume.ContainerPath.Contains(':', StringComparison.Ordinal))
                throw new FormatException($"the volume '{volume.ContainerPath}' has a colon in a path");
            yield return $"{host}:{volume.ContainerPath}:{(volume.Mode == VolumeMode.ReadOnly ? "ro" : "rw")}";
        }
    }
}
