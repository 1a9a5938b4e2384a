using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// An app as Marathon's REST API has it, 1.11's fields with 0.15's notations. Everything is optional, since the same shape serves
/// as a definition, as a partial update and as an answer; the lower part is only ever set in answers.
/// </summary>
public sealed record App
{
    /// <summary>The id, a path: <c>/group/app</c>.</summary>
    public string? Id { get; init; }

    /// <summary>A line for <c>/bin/sh -c</c>.</summary>
    public string? Cmd { get; init; }

    /// <summary>Arguments of the image's entry point, or a program with its arguments.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>The user to run as.</summary>
    public string? User { get; init; }

    /// <summary>The environment; a value is a text or <c>{"secret": "name"}</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Env { get; init; }

    /// <summary>The wanted instance count.</summary>
    public int? Instances { get; init; }

    /// <summary>Cpus of one instance.</summary>
    public double? Cpus { get; init; }

    /// <summary>Memory of one instance in MB.</summary>
    public double? Mem { get; init; }

    /// <summary>Disk of one instance in MB.</summary>
    public double? Disk { get; init; }

    /// <summary>Gpus of one instance.</summary>
    public int? Gpus { get; init; }

    /// <summary>A custom executor, or <c>//cmd</c>.</summary>
    public string? Executor { get; init; }

    /// <summary>Constraints, each <c>[field, operator, value?]</c>.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Constraints { get; init; }

    /// <summary>Files to fetch.</summary>
    public IReadOnlyList<Artifact>? Fetch { get; init; }

    /// <summary>Files to fetch, old notation.</summary>
    public IReadOnlyList<string>? Uris { get; init; }

    /// <summary>Service ports, old notation.</summary>
    public IReadOnlyList<int>? Ports { get; init; }

    /// <summary>Ports on the host's own network.</summary>
    public IReadOnlyList<PortDefinition>? PortDefinitions { get; init; }

    /// <summary>Whether the service ports are also the host ports.</summary>
    public bool? RequirePorts { get; init; }

    /// <summary>First delay after a failed launch, seconds.</summary>
    public double? BackoffSeconds { get; init; }

    /// <summary>Growth of the delay.</summary>
    public double? BackoffFactor { get; init; }

    /// <summary>Longest delay, seconds.</summary>
    public double? MaxLaunchDelaySeconds { get; init; }

    /// <summary>How to contain it.</summary>
    public AppContainer? Container { get; init; }

    /// <summary>Health checks.</summary>
    public IReadOnlyList<AppHealthCheck>? HealthChecks { get; init; }

    /// <summary>Readiness checks.</summary>
    public IReadOnlyList<ReadinessCheck>? ReadinessChecks { get; init; }

    /// <summary>Apps and groups that must run first.</summary>
    public IReadOnlyList<string>? Dependencies { get; init; }

    /// <summary>What an upgrade may do to the count.</summary>
    public UpgradeStrategy? UpgradeStrategy { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Roles whose resources may be used.</summary>
    public IReadOnlyList<string>? AcceptedResourceRoles { get; init; }

    /// <summary>Ip-per-task, old notation.</summary>
    public AppIpAddress? IpAddress { get; init; }

    /// <summary>Networks, 1.5's notation.</summary>
    public IReadOnlyList<AppNetwork>? Networks { get; init; }

    /// <summary>Persistent volumes' residency.</summary>
    public JsonElement? Residency { get; init; }

    /// <summary>Secrets by name.</summary>
    public IReadOnlyDictionary<string, AppSecret>? Secrets { get; init; }

    /// <summary>Between SIGTERM and SIGKILL, seconds.</summary>
    public double? TaskKillGracePeriodSeconds { get; init; }

    /// <summary><c>"disabled"</c> or <c>{inactiveAfterSeconds, expungeAfterSeconds}</c>.</summary>
    public JsonElement? UnreachableStrategy { get; init; }

    /// <summary><c>YOUNGEST_FIRST</c> or <c>OLDEST_FIRST</c>.</summary>
    public string? KillSelection { get; init; }

    /// <summary>A terminal for the container.</summary>
    public bool? Tty { get; init; }

    /// <summary>The role its resources are taken from.</summary>
    public string? Role { get; init; }

    /// <summary>The version; an ISO 8601 instant.</summary>
    public string? Version { get; init; }

    /// <summary>
    /// Of what the scheduler keeps alone, never on the wire of <c>/v2/apps</c>: the pod that this stands for, whose instances are
    /// launched and counted as an app's are.
    /// </summary>
    public Pod? Pod { get; init; }

    /// <summary>Answers only: when it was last scaled and changed.</summary>
    public AppVersionInfo? VersionInfo { get; init; }

    /// <summary>Answers only: the policy that owns the instance count, <c>policy NAME</c>; absent where a person does.</summary>
    public string? CountOwner { get; init; }

    /// <summary>Answers only: true where a person has ordered 0 instances, which no policy changes; absent else.</summary>
    public bool? CountSuspended { get; init; }

    /// <summary>
    /// Answers only: when the app was made; an ISO 8601 instant. One that is deleted and made anew under its id has another. Not
    /// a real Marathon's.
    /// </summary>
    public string? CreatedAt { get; init; }

    /// <summary>Answers only: instances that are being brought up.</summary>
    public int? TasksStaged { get; init; }

    /// <summary>Answers only: instances that run.</summary>
    public int? TasksRunning { get; init; }

    /// <summary>Answers only: instances that pass their health checks.</summary>
    public int? TasksHealthy { get; init; }

    /// <summary>Answers only: instances that fail their health checks.</summary>
    public int? TasksUnhealthy { get; init; }

    /// <summary>Answers only: deployments that change the app now.</summary>
    public IReadOnlyList<DeploymentRef>? Deployments { get; init; }

    /// <summary>Answers only, with <c>embed</c>: the instances.</summary>
    public IReadOnlyList<AppTask>? Tasks { get; init; }

    /// <summary>Answers only, with <c>embed</c>: the last failure.</summary>
    public TaskFailure? LastTaskFailure { get; init; }

    /// <summary>Answers only, with <c>embed</c>: statistics.</summary>
    public JsonElement? TaskStats { get; init; }

    /// <summary>Answers only, with <c>embed</c>: results of readiness checks.</summary>
    public JsonElement? ReadinessCheckResults { get; init; }
}

/// <summary>A file to fetch.</summary>
public sealed record Artifact
{
    /// <summary>Where from.</summary>
    public required string Uri { get; init; }

    /// <summary>Extract an archive; default true.</summary>
    public bool? Extract { get; init; }

    /// <summary>Make it executable; default false.</summary>
    public bool? Executable { get; init; }

    /// <summary>Use the agent's cache; default false.</summary>
    public bool? Cache { get; init; }

    /// <summary>The name in the sandbox.</summary>
    public string? DestPath { get; init; }
}

/// <summary>A port on the host's network.</summary>
public sealed record PortDefinition
{
    /// <summary>The service port; 0 means any.</summary>
    public int? Port { get; init; }

    /// <summary><c>tcp</c>, <c>udp</c> or <c>udp,tcp</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>A name.</summary>
    public string? Name { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <summary>How an app is contained.</summary>
public sealed record AppContainer
{
    /// <summary><c>DOCKER</c> or <c>MESOS</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The image.</summary>
    public AppDocker? Docker { get; init; }

    /// <summary>Volumes.</summary>
    public IReadOnlyList<AppVolume>? Volumes { get; init; }

    /// <summary>Ports of the container, 1.5's notation.</summary>
    public IReadOnlyList<AppPortMapping>? PortMappings { get; init; }

    /// <summary>Linux capabilities and the like.</summary>
    public JsonElement? LinuxInfo { get; init; }
}

/// <summary>A Docker image and how to run it.</summary>
public sealed record AppDocker
{
    /// <summary>A misplaced <c>container.type</c> that older definitions carry; <c>DOCKER</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The image.</summary>
    public string? Image { get; init; }

    /// <summary><c>HOST</c>, <c>BRIDGE</c>, <c>NONE</c> or <c>USER</c>; old notation.</summary>
    public string? Network { get; init; }

    /// <summary>Ports of the container; old notation.</summary>
    public IReadOnlyList<AppPortMapping>? PortMappings { get; init; }

    /// <summary>Extended privileges.</summary>
    public bool? Privileged { get; init; }

    /// <summary>Options of <c>docker run</c> by long name.</summary>
    public IReadOnlyList<DockerParameter>? Parameters { get; init; }

    /// <summary>Pull even when the image is there.</summary>
    public bool? ForcePullImage { get; init; }

    /// <summary>Credentials for the pull.</summary>
    public JsonElement? PullConfig { get; init; }

    /// <summary>Credentials for the pull, old notation.</summary>
    public JsonElement? Credential { get; init; }
}

/// <summary>One option.</summary>
public sealed record DockerParameter(string Key, string Value);

/// <summary>A port of a container.</summary>
public sealed record AppPortMapping
{
    /// <summary>In the container; 0 means the same as the host port.</summary>
    public int? ContainerPort { get; init; }

    /// <summary>On the host; 0 means any.</summary>
    public int? HostPort { get; init; }

    /// <summary>For load balancers; 0 means any.</summary>
    public int? ServicePort { get; init; }

    /// <summary><c>tcp</c>, <c>udp</c> or <c>udp,tcp</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>A name.</summary>
    public string? Name { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The networks it is for.</summary>
    public IReadOnlyList<string>? NetworkNames { get; init; }
}

/// <summary>A volume.</summary>
public sealed record AppVolume
{
    /// <summary>In the container.</summary>
    public string? ContainerPath { get; init; }

    /// <summary>On the host.</summary>
    public string? HostPath { get; init; }

    /// <summary><c>RW</c> or <c>RO</c>.</summary>
    public string? Mode { get; init; }

    /// <summary>A persistent volume.</summary>
    public JsonElement? Persistent { get; init; }

    /// <summary>An external volume.</summary>
    public JsonElement? External { get; init; }

    /// <summary>A secret as a file.</summary>
    public string? Secret { get; init; }
}


/// <summary>A health check. Times in seconds.</summary>
public sealed record AppHealthCheck
{
    /// <summary><c>HTTP</c>, <c>HTTPS</c>, <c>TCP</c>, <c>COMMAND</c>, or the first three after <c>MESOS_</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>The path; default <c>/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>The index of the port; default 0 where <see cref="Port"/> is absent.</summary>
    public int? PortIndex { get; init; }

    /// <summary>A port in place of an index.</summary>
    public int? Port { get; init; }

    /// <summary>For <c>COMMAND</c>.</summary>
    public HealthCommand? Command { get; init; }

    /// <summary>Failures within this time of the start are ignored until the first success; default 300.</summary>
    public double? GracePeriodSeconds { get; init; }

    /// <summary>Between checks; default 60.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>Of one check; default 20.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Failures in a row before the instance is killed; 0 never kills; default 3.</summary>
    public int? MaxConsecutiveFailures { get; init; }

    /// <summary>Before the first check, for <c>MESOS_*</c>; default 15.</summary>
    public double? DelaySeconds { get; init; }

    /// <summary>Count 1xx answers as healthy.</summary>
    public bool? IgnoreHttp1xx { get; init; }

    /// <summary><c>IPv4</c> or <c>IPv6</c>.</summary>
    public string? IpProtocol { get; init; }
}

/// <summary>The command of a health check.</summary>
public sealed record HealthCommand(string Value);

/// <summary>A readiness check. Times in seconds.</summary>
public sealed record ReadinessCheck
{
    /// <summary>A name; default <c>readinessCheck</c>.</summary>
    public string? Name { get; init; }

    /// <summary><c>HTTP</c> or <c>HTTPS</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>The path; default <c>/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>The name of the port; default <c>http-api</c>.</summary>
    public string? PortName { get; init; }

    /// <summary>Between checks; default 30.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>Of one check; default 10.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Codes that mean ready; default 200.</summary>
    public IReadOnlyList<int>? HttpStatusCodesForReady { get; init; }

    /// <summary>Keep the last answer for the API.</summary>
    public bool? PreserveLastResponse { get; init; }
}

/// <summary>What an upgrade may do to the count, as shares of it.</summary>
public sealed record UpgradeStrategy
{
    /// <summary>The least share of healthy instances; default 1.</summary>
    public double? MinimumHealthCapacity { get; init; }

    /// <summary>The greatest share above the count; default 1.</summary>
    public double? MaximumOverCapacity { get; init; }
}

/// <summary>When an app was last scaled and changed.</summary>
public sealed record AppVersionInfo(string LastScalingAt, string LastConfigChangeAt);

/// <summary>A deployment's id.</summary>
public sealed record DeploymentRef(string Id);
