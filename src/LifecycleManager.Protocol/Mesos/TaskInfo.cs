using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>A task to launch: what to run, with which resources, on which agent.</summary>
public sealed record TaskInfo
{
    /// <summary>A name for people; need not be unique.</summary>
    public required string Name { get; init; }

    /// <summary>The id.</summary>
    public required TaskId TaskId { get; init; }

    /// <summary>The agent of the offer.</summary>
    public required AgentId AgentId { get; init; }

    /// <summary>What it uses.</summary>
    public required IReadOnlyList<Resource> Resources { get; init; }

    /// <summary>A custom executor.</summary>
    public ExecutorInfo? Executor { get; init; }

    /// <summary>What to run; absent when the image's own entry point runs.</summary>
    public CommandInfo? Command { get; init; }

    /// <summary>How to contain it; absent means an isolated process.</summary>
    public ContainerInfo? Container { get; init; }

    /// <summary>Kills the task after repeated failures.</summary>
    public HealthCheck? HealthCheck { get; init; }

    /// <summary>Reports a status, never kills.</summary>
    public CheckInfo? Check { get; init; }

    /// <summary>How to end it.</summary>
    public KillPolicy? KillPolicy { get; init; }

    /// <summary>Opaque to master and agent; base64 in JSON.</summary>
    public byte[]? Data { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }

    /// <summary>What to publish for discovery.</summary>
    public DiscoveryInfo? Discovery { get; init; }

    /// <summary>After this time the agent kills the task.</summary>
    public DurationInfo? MaxCompletionTime { get; init; }
}

/// <summary>A custom executor.</summary>
public sealed record ExecutorInfo
{
    /// <summary>The kind: <c>DEFAULT</c> or <c>CUSTOM</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The id.</summary>
    public required ExecutorId ExecutorId { get; init; }

    /// <summary>The framework.</summary>
    public FrameworkId? FrameworkId { get; init; }

    /// <summary>What to run.</summary>
    public CommandInfo? Command { get; init; }

    /// <summary>How to contain it.</summary>
    public ContainerInfo? Container { get; init; }

    /// <summary>What the executor itself uses.</summary>
    public IReadOnlyList<Resource>? Resources { get; init; }

    /// <summary>A name for people.</summary>
    public string? Name { get; init; }

    /// <summary>Opaque.</summary>
    public byte[]? Data { get; init; }
}

/// <summary>Tasks that are launched together or not at all.</summary>
public sealed record TaskGroupInfo(IReadOnlyList<TaskInfo> Tasks);

/// <summary>Nanoseconds.</summary>
public sealed record DurationInfo(long Nanoseconds)
{
    /// <summary>As a time span, to 100 ns.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks(Nanoseconds / 100);

    /// <summary>From a time span.</summary>
    public static DurationInfo From(TimeSpan span) => new(span.Ticks * 100);
}

/// <summary>A command.</summary>
public sealed record CommandInfo
{
    /// <summary>Files to fetch into the sandbox first.</summary>
    public IReadOnlyList<Uri>? Uris { get; init; }

    /// <summary>The environment.</summary>
    public CommandEnvironment? Environment { get; init; }

    /// <summary>True (the default): <see cref="Value"/> is a line for <c>/bin/sh -c</c>. False: it is a program.</summary>
    public bool? Shell { get; init; }

    /// <summary>The command line or program; absent with a container means the image's entry point.</summary>
    public string? Value { get; init; }

    /// <summary>The program's arguments; with <see cref="Shell"/> false.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>The user to run as.</summary>
    public string? User { get; init; }

    /// <summary>A file to fetch into the sandbox.</summary>
    public sealed record Uri
    {
        /// <summary>Where from.</summary>
        public required string Value { get; init; }

        /// <summary>Make it executable; such a file is never extracted.</summary>
        public bool? Executable { get; init; }

        /// <summary>Extract a known archive type; default true.</summary>
        public bool? Extract { get; init; }

        /// <summary>Use the agent's cache.</summary>
        public bool? Cache { get; init; }

        /// <summary>The name in the sandbox.</summary>
        public string? OutputFile { get; init; }
    }
}

/// <summary>Environment variables.</summary>
public sealed record CommandEnvironment(IReadOnlyList<CommandEnvironment.Variable> Variables)
{
    /// <summary>One variable.</summary>
    public sealed record Variable
    {
        /// <summary>The name.</summary>
        public required string Name { get; init; }

        /// <summary>The value; absent for a secret.</summary>
        public string? Value { get; init; }

        /// <summary><c>VALUE</c> (default) or <c>SECRET</c>.</summary>
        public string? Type { get; init; }

        /// <summary>The secret, by reference; never shown in a state API.</summary>
        public Secret? Secret { get; init; }
    }
}

/// <summary>A secret, by reference or by value.</summary>
public sealed record Secret
{
    /// <summary><c>REFERENCE</c> or <c>VALUE</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The reference.</summary>
    public ReferenceInfo? Reference { get; init; }

    /// <summary>The value.</summary>
    public ValueInfo? Value { get; init; }

    /// <summary>A name, and the key under it.</summary>
    public sealed record ReferenceInfo(string Name, string? Key = null);

    /// <summary>Opaque bytes.</summary>
    public sealed record ValueInfo(byte[] Data);
}

/// <summary>How a task is contained.</summary>
public sealed record ContainerInfo
{
    /// <summary>Docker, or Mesos' own containerizer (here: an isolated process).</summary>
    public required ContainerType Type { get; init; }

    /// <summary>Volumes.</summary>
    public IReadOnlyList<Volume>? Volumes { get; init; }

    /// <summary>The container's host name.</summary>
    public string? Hostname { get; init; }

    /// <summary>Set when <see cref="Type"/> is Docker.</summary>
    public DockerInfo? Docker { get; init; }

    /// <summary>Named networks to join.</summary>
    public IReadOnlyList<NetworkInfo>? NetworkInfos { get; init; }
}

/// <summary>The containerizer.</summary>
[JsonConverter(typeof(UpperSnake<ContainerType>))]
public enum ContainerType
{
    /// <summary>A Docker container.</summary>
    Docker,

    /// <summary>Mesos' own containerizer; here an isolated process.</summary>
    Mesos,
}

/// <summary>A volume.</summary>
public sealed record Volume
{
    /// <summary>Read-write or read-only.</summary>
    public required VolumeMode Mode { get; init; }

    /// <summary>The path within the container.</summary>
    public required string ContainerPath { get; init; }

    /// <summary>The path on the agent's machine.</summary>
    public string? HostPath { get; init; }
}

/// <summary>A volume's mode.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VolumeMode>))]
public enum VolumeMode
{
    /// <summary>Read and write.</summary>
    [JsonStringEnumMemberName("RW")] ReadWrite,

    /// <summary>Read only.</summary>
    [JsonStringEnumMemberName("RO")] ReadOnly,
}

/// <summary>A named network.</summary>
public sealed record NetworkInfo
{
    /// <summary>The network's name.</summary>
    public string? Name { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }

    /// <summary>The addresses the container got.</summary>
    public IReadOnlyList<IpAddress>? IpAddresses { get; init; }

    /// <summary>Ports mapped from the host.</summary>
    public IReadOnlyList<PortMapping>? PortMappings { get; init; }

    /// <summary>An address.</summary>
    public sealed record IpAddress
    {
        /// <summary><c>IPv4</c> or <c>IPv6</c>.</summary>
        public string? Protocol { get; init; }

        /// <summary>The address.</summary>
        [JsonPropertyName("ip_address")]
        public string? Address { get; init; }
    }
}

/// <summary>A mapping of a host port to a container port.</summary>
public sealed record PortMapping
{
    /// <summary>The port on the host.</summary>
    public required uint HostPort { get; init; }

    /// <summary>The port in the container.</summary>
    public required uint ContainerPort { get; init; }

    /// <summary><c>tcp</c> (default) or <c>udp</c>.</summary>
    public string? Protocol { get; init; }
}

/// <summary>A Docker container.</summary>
public sealed record DockerInfo
{
    /// <summary>The image.</summary>
    public required string Image { get; init; }

    /// <summary>The network; HOST when absent, as in Mesos.</summary>
    public DockerNetwork? Network { get; init; }

    /// <summary>Mapped ports, for BRIDGE and USER.</summary>
    public IReadOnlyList<PortMapping>? PortMappings { get; init; }

    /// <summary>Extended privileges.</summary>
    public bool? Privileged { get; init; }

    /// <summary>Arbitrary <c>docker run</c> options, by long name.</summary>
    public IReadOnlyList<Parameter>? Parameters { get; init; }

    /// <summary>Pull even when the image is there.</summary>
    public bool? ForcePullImage { get; init; }

    /// <summary>A volume driver.</summary>
    public string? VolumeDriver { get; init; }
}

/// <summary>One option.</summary>
public sealed record Parameter(string Key, string Value);

/// <summary>Docker's network modes, as Mesos names them.</summary>
[JsonConverter(typeof(UpperSnake<DockerNetwork>))]
public enum DockerNetwork
{
    /// <summary>The host's own network.</summary>
    Host,

    /// <summary>Docker's bridge, with port mappings.</summary>
    Bridge,

    /// <summary>No network.</summary>
    None,

    /// <summary>A named network.</summary>
    User,
}

/// <summary>How to end a task.</summary>
public sealed record KillPolicy
{
    /// <summary>Between SIGTERM and SIGKILL; default 3 s.</summary>
    public DurationInfo? GracePeriod { get; init; }
}

/// <summary>What to publish for discovery.</summary>
public sealed record DiscoveryInfo
{
    /// <summary><c>FRAMEWORK</c>, <c>CLUSTER</c> or <c>EXTERNAL</c>.</summary>
    public string? Visibility { get; init; }

    /// <summary>The name.</summary>
    public string? Name { get; init; }

    /// <summary>The ports.</summary>
    public DiscoveryPorts? Ports { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }
}

/// <summary>Ports in Mesos' shape.</summary>
[method: JsonConstructor]
public sealed record DiscoveryPorts([property: JsonPropertyName("ports")] IReadOnlyList<DiscoveryPort> Items);

/// <summary>One published port.</summary>
public sealed record DiscoveryPort
{
    /// <summary>The port on the host.</summary>
    public required uint Number { get; init; }

    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>Its protocol.</summary>
    public string? Protocol { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }
}
