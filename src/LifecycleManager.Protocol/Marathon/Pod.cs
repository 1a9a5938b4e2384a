using System.Text.Json;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// A pod as Marathon's REST API has it, 1.11's fields: containers that are placed, started and ended together. Everything is
/// optional, since what is missing is said with its path.
/// </summary>
public sealed record Pod
{
    /// <summary>The id, a path: <c>/group/pod</c>.</summary>
    public string? Id { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The version; an ISO 8601 instant. Answers only.</summary>
    public string? Version { get; init; }

    /// <summary>The user that containers run as which name none.</summary>
    public string? User { get; init; }

    /// <summary>The environment of all containers; a value is a text or <c>{"secret": "name"}</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Environment { get; init; }

    /// <summary>The containers; at least one.</summary>
    public IReadOnlyList<PodContainer>? Containers { get; init; }

    /// <summary>Secrets by name.</summary>
    public IReadOnlyDictionary<string, AppSecret>? Secrets { get; init; }

    /// <summary>Volumes that containers mount by name.</summary>
    public IReadOnlyList<PodVolume>? Volumes { get; init; }

    /// <summary>The networks of all containers.</summary>
    public IReadOnlyList<AppNetwork>? Networks { get; init; }

    /// <summary>The wanted instance count.</summary>
    public PodScaling? Scaling { get; init; }

    /// <summary>Backoff, upgrades, placement.</summary>
    public PodScheduling? Scheduling { get; init; }

    /// <summary>What the executor itself takes, beside the containers.</summary>
    public PodResources? ExecutorResources { get; init; }

    /// <summary>The role its resources are taken from.</summary>
    public string? Role { get; init; }
}

/// <summary>One container of a pod.</summary>
public sealed record PodContainer
{
    /// <summary>Its name, unique in the pod.</summary>
    public string? Name { get; init; }

    /// <summary>What to run; absent for the image's own command.</summary>
    public PodExec? Exec { get; init; }

    /// <summary>What it takes.</summary>
    public PodResources? Resources { get; init; }

    /// <summary>Ports that others reach.</summary>
    public IReadOnlyList<PodEndpoint>? Endpoints { get; init; }

    /// <summary>The image; absent for a process of the machine.</summary>
    public PodImage? Image { get; init; }

    /// <summary>Its environment, beside the pod's.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Environment { get; init; }

    /// <summary>The user to run as.</summary>
    public string? User { get; init; }

    /// <summary>The health check, run by the agent.</summary>
    public PodHealthCheck? HealthCheck { get; init; }

    /// <summary>The pod's volumes that it mounts.</summary>
    public IReadOnlyList<PodVolumeMount>? VolumeMounts { get; init; }

    /// <summary>Files to fetch.</summary>
    public IReadOnlyList<Artifact>? Artifacts { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>How it ends.</summary>
    public PodLifecycle? Lifecycle { get; init; }

    /// <summary>A terminal for the container.</summary>
    public bool? Tty { get; init; }
}

/// <summary>What a container runs.</summary>
public sealed record PodExec(PodCommand Command);

/// <summary>A line for the shell, or a program with its arguments.</summary>
public sealed record PodCommand
{
    /// <summary>A line for <c>/bin/sh -c</c>.</summary>
    public string? Shell { get; init; }

    /// <summary>A program with its arguments.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
}

/// <summary>Resources of a container or of the executor.</summary>
public sealed record PodResources
{
    /// <summary>Cpus.</summary>
    public double? Cpus { get; init; }

    /// <summary>Memory in MB.</summary>
    public double? Mem { get; init; }

    /// <summary>Disk in MB.</summary>
    public double? Disk { get; init; }

    /// <summary>Gpus.</summary>
    public int? Gpus { get; init; }
}

/// <summary>A port of a container.</summary>
public sealed record PodEndpoint
{
    /// <summary>Its name, unique in the pod.</summary>
    public string? Name { get; init; }

    /// <summary>The port within a network of the pod's own.</summary>
    public int? ContainerPort { get; init; }

    /// <summary>The port on the machine; 0 for any.</summary>
    public int? HostPort { get; init; }

    /// <summary>Of <c>tcp</c> and <c>udp</c>.</summary>
    public IReadOnlyList<string>? Protocol { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <summary>An image.</summary>
public sealed record PodImage
{
    /// <summary><c>DOCKER</c> or <c>APPC</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Its name.</summary>
    public string? Id { get; init; }

    /// <summary>Whether it is pulled although it is there.</summary>
    public bool? ForcePull { get; init; }

    /// <summary>Credentials for the pull.</summary>
    public JsonElement? PullConfig { get; init; }
}

/// <summary>A health check: one of <see cref="Http"/>, <see cref="Tcp"/>, <see cref="Exec"/>.</summary>
public sealed record PodHealthCheck
{
    /// <summary>By HTTP.</summary>
    public PodHttpCheck? Http { get; init; }

    /// <summary>By connecting.</summary>
    public PodTcpCheck? Tcp { get; init; }

    /// <summary>By a command.</summary>
    public PodExec? Exec { get; init; }

    /// <summary>Failures in this time after the start do not count, seconds.</summary>
    public double? GracePeriodSeconds { get; init; }

    /// <summary>Between two checks, seconds.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>Failures in a row that end the container.</summary>
    public int? MaxConsecutiveFailures { get; init; }

    /// <summary>How long a check may take, seconds.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Before the first check, seconds.</summary>
    public double? DelaySeconds { get; init; }
}

/// <summary>A check by HTTP.</summary>
public sealed record PodHttpCheck
{
    /// <summary>The endpoint's name.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The path.</summary>
    public string? Path { get; init; }

    /// <summary><c>HTTP</c> or <c>HTTPS</c>.</summary>
    public string? Scheme { get; init; }
}

/// <summary>A check by connecting.</summary>
public sealed record PodTcpCheck
{
    /// <summary>The endpoint's name.</summary>
    public string? Endpoint { get; init; }
}

/// <summary>A volume of a pod.</summary>
public sealed record PodVolume
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>A directory of the machine; absent for one that lives as long as the instance.</summary>
    public string? Host { get; init; }

    /// <summary>A secret as a file.</summary>
    public JsonElement? Secret { get; init; }

    /// <summary>A persistent volume.</summary>
    public JsonElement? Persistent { get; init; }
}

/// <summary>A volume in a container.</summary>
public sealed record PodVolumeMount
{
    /// <summary>The volume's name.</summary>
    public string? Name { get; init; }

    /// <summary>Where it appears.</summary>
    public string? MountPath { get; init; }

    /// <summary>Whether it can only be read.</summary>
    public bool? ReadOnly { get; init; }
}

/// <summary>How a container ends.</summary>
public sealed record PodLifecycle
{
    /// <summary>Between SIGTERM and SIGKILL, seconds.</summary>
    public double? KillGracePeriodSeconds { get; init; }
}

/// <summary>How many instances.</summary>
public sealed record PodScaling
{
    /// <summary><c>fixed</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>The wanted count.</summary>
    public int? Instances { get; init; }

    /// <summary>The most that anybody may want.</summary>
    public int? MaxInstances { get; init; }
}

/// <summary>How instances are launched, replaced and placed.</summary>
public sealed record PodScheduling
{
    /// <summary>Delays after failures.</summary>
    public PodBackoff? Backoff { get; init; }

    /// <summary>What an upgrade may do to the count.</summary>
    public UpgradeStrategy? Upgrade { get; init; }

    /// <summary>Where instances may go.</summary>
    public PodPlacement? Placement { get; init; }

    /// <summary><c>YOUNGEST_FIRST</c> or <c>OLDEST_FIRST</c>.</summary>
    public string? KillSelection { get; init; }

    /// <summary><c>"disabled"</c> or <c>{inactiveAfterSeconds, expungeAfterSeconds}</c>.</summary>
    public JsonElement? UnreachableStrategy { get; init; }
}

/// <summary>Delays after failures.</summary>
public sealed record PodBackoff
{
    /// <summary>The first, seconds.</summary>
    public double? Backoff { get; init; }

    /// <summary>Its growth.</summary>
    public double? BackoffFactor { get; init; }

    /// <summary>The longest, seconds.</summary>
    public double? MaxLaunchDelay { get; init; }
}

/// <summary>Where instances may go.</summary>
public sealed record PodPlacement
{
    /// <summary>Constraints.</summary>
    public IReadOnlyList<PodConstraint>? Constraints { get; init; }

    /// <summary>Roles whose resources may be used.</summary>
    public IReadOnlyList<string>? AcceptedResourceRoles { get; init; }
}

/// <summary>A constraint.</summary>
public sealed record PodConstraint
{
    /// <summary>The field or attribute.</summary>
    public string? FieldName { get; init; }

    /// <summary>The operator.</summary>
    public string? Operator { get; init; }

    /// <summary>The value.</summary>
    public string? Value { get; init; }
}
