using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// An app as the scheduler works with it: valid, typed, every default filled, in one notation. Immutable. It is made from JSON by
/// <see cref="AppDefinitions"/>, and from what was stored by <see cref="FromWire"/>.
/// </summary>
internal sealed record AppDefinition
{
    /// <summary>The id.</summary>
    public required AppId Id { get; init; }

    /// <summary>The version, unique per app; to a millisecond.</summary>
    public required DateTimeOffset Version { get; init; }

    /// <summary>
    /// The same on the wire, in the canonical notation (<c>networks</c>, <c>container.portMappings</c>, <c>portDefinitions</c>,
    /// <c>fetch</c>) with every default filled and no answer-only field: what is stored and shown.
    /// </summary>
    public required App Wire { get; init; }

    /// <summary>The wanted instance count.</summary>
    public int Instances { get; init; }

    /// <summary>Cpus of one instance.</summary>
    public double Cpus { get; init; }

    /// <summary>Memory of one instance in MB.</summary>
    public double Mem { get; init; }

    /// <summary>Disk of one instance in MB.</summary>
    public double Disk { get; init; }

    /// <summary>Gpus of one instance.</summary>
    public int Gpus { get; init; }

    /// <summary>Conditions on the agents.</summary>
    public IReadOnlyList<Constraint> Constraints { get; init; } = [];

    /// <summary>The ports, in the order of their indexes.</summary>
    public IReadOnlyList<PortSpec> Ports { get; init; } = [];

    /// <summary>The service ports are also the host ports, on the host's network.</summary>
    public bool RequirePorts { get; init; }

    /// <summary>The network.</summary>
    public NetworkMode Network { get; init; }

    /// <summary>Runs in a Docker container, or a container of the pod does; else it is a process.</summary>
    public bool IsDocker => Wire.Container?.Docker is not null || Containers.Any(container => container.App.IsDocker);

    /// <summary>It stands for a pod: an instance is a task for each of <see cref="Containers"/>.</summary>
    public bool IsPod => Wire.Pod is not null;

    /// <summary>Of a pod: its containers, each as an app of one task.</summary>
    public IReadOnlyList<(string Name, AppDefinition App)> Containers { get; init; } = [];

    /// <summary>The role that its resources are taken from, beside the unreserved ones.</summary>
    public string Role { get; init; } = "*";

    /// <summary>The roles whose resources may be used.</summary>
    public IReadOnlyList<string> AcceptedResourceRoles { get; init; } = ["*"];

    /// <summary>How launches are delayed after failures.</summary>
    public Backoff Backoff { get; init; } = new(TimeSpan.FromSeconds(1), 1.15, TimeSpan.FromSeconds(300));

    /// <summary>The least share of healthy instances during an upgrade, 0 to 1.</summary>
    public double MinimumHealthCapacity { get; init; } = 1;

    /// <summary>The greatest share above the count during an upgrade, 0 to 1.</summary>
    public double MaximumOverCapacity { get; init; } = 1;

    /// <summary>Between SIGTERM and SIGKILL; null for the agent's default.</summary>
    public TimeSpan? KillGracePeriod { get; init; }

    /// <summary>Which instances end first.</summary>
    public KillSelection KillSelection { get; init; }

    /// <summary>What becomes of instances whose agent does not answer; null: nothing, they are waited for.</summary>
    public UnreachableStrategy? Unreachable { get; init; } = new(TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Apps and groups that must run first.</summary>
    public IReadOnlyList<AppId> Dependencies { get; init; } = [];

    /// <summary>Health checks.</summary>
    public IReadOnlyList<HealthCheckSpec> HealthChecks { get; init; } = [];

    /// <summary>Readiness checks.</summary>
    public IReadOnlyList<ReadinessCheckSpec> ReadinessChecks { get; init; } = [];

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = NoLabels;

    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    /// <summary>The same with another version, in <see cref="Wire"/> too.</summary>
    public AppDefinition WithVersion(DateTimeOffset version) =>
        this with { Version = version, Wire = Wire with { Version = Timestamps.Write(version) } };

    /// <summary>The same with another count, in <see cref="Wire"/> too.</summary>
    public AppDefinition WithInstances(int instances) =>
        this with { Instances = instances, Wire = Wire with { Instances = instances } };

    /// <summary>
    /// Whether both say the same, whatever their versions; with <paramref name="count"/> false, whatever their counts.
    /// </summary>
    public bool SameAs(AppDefinition other, bool count = true) => AppComparison.Same(Wire, other.Wire, count);

    /// <summary>From the canonical notation that <see cref="Wire"/> has.</summary>
    public static AppDefinition FromWire(App normalized) => normalized.Pod is { } pod
        ? Whole(Single(normalized), pod) : Single(normalized);

    private static AppDefinition Whole(AppDefinition app, Pod pod)
    {
        var rules = new DefinitionRules { Role = app.Role };
        List<(string Name, AppDefinition App)> containers =
            [.. pod.Containers!.Select(container => (container.Name!,
                Single(AppNormalization.Fill(Pods.PodNotation.Container(pod, container), rules))))];
        return app with
        {
            Containers = containers,
            Ports = [.. containers.SelectMany(container =>
                container.App.Ports.Select(port => port with { HostPort = port.ServicePort, ServicePort = 0 }))],

            // They are the agents': an instance is healthy when each container that has a check passes it.
            HealthChecks = containers.Find(container => container.App.HealthChecks.Count > 0) is { App: { } checkedOne }
                ? [checkedOne.HealthChecks[0]] : [],
        };
    }

    private static AppDefinition Single(App normalized)
    {
        var network = NetworkOf(normalized);
        var ports = network == NetworkMode.Host ? HostPorts(normalized) : MappedPorts(normalized);
        return new AppDefinition
        {
            Id = new AppId(normalized.Id!),
            Version = normalized.Version is { } version ? Timestamps.Read(version) : DateTimeOffset.UnixEpoch,
            Wire = normalized,
            Instances = normalized.Instances ?? AppDefaults.Instances,
            Cpus = normalized.Cpus ?? AppDefaults.Cpus,
            Mem = normalized.Mem ?? AppDefaults.Mem,
            Disk = normalized.Disk ?? AppDefaults.Disk,
            Gpus = normalized.Gpus ?? 0,
            Constraints = [.. (normalized.Constraints ?? []).Select(ToConstraint)],
            Ports = ports,
            RequirePorts = normalized.RequirePorts ?? false,
            Network = network,
            Role = normalized.Role ?? AppDefaults.Role,
            AcceptedResourceRoles = ResourceRoles.Of(normalized),
            Backoff = new Backoff(
                Seconds(normalized.BackoffSeconds ?? AppDefaults.BackoffSeconds),
                normalized.BackoffFactor ?? AppDefaults.BackoffFactor,
                Seconds(normalized.MaxLaunchDelaySeconds ?? AppDefaults.MaxLaunchDelaySeconds)),
            MinimumHealthCapacity = normalized.UpgradeStrategy?.MinimumHealthCapacity ?? 1,
            MaximumOverCapacity = normalized.UpgradeStrategy?.MaximumOverCapacity ?? 1,
            KillGracePeriod = normalized.TaskKillGracePeriodSeconds is { } grace ? Seconds(grace) : null,
            KillSelection = normalized.KillSelection == "OLDEST_FIRST" ? KillSelection.OldestFirst : KillSelection.YoungestFirst,
            Unreachable = UnreachableNotation.Read(normalized.UnreachableStrategy),
            Dependencies = [.. (normalized.Dependencies ?? []).Select(id => new AppId(id))],
            HealthChecks = [.. (normalized.HealthChecks ?? []).Select(ToHealthCheck)],
            ReadinessChecks = [.. (normalized.ReadinessChecks ?? []).Select(check => ToReadinessCheck(check, ports))],
            Labels = normalized.Labels ?? NoLabels,
        };
    }

    private static NetworkMode NetworkOf(App app) => app.Networks is not { Count: > 0 } networks ? NetworkMode.Host
        : networks[0].Mode switch
        {
            NetworkNotation.Bridge => NetworkMode.Bridge,
            NetworkNotation.Container => NetworkMode.Container,
            _ => NetworkMode.Host,
        };

    private static PortSpec[] HostPorts(App app) =>
    [
        .. (app.PortDefinitions ?? []).Select(port => new PortSpec(
            null, app.RequirePorts == true ? port.Port ?? 0 : 0, port.Port ?? 0, port.Protocol ?? "tcp", port.Name, port.Labels)),
    ];

    private static PortSpec[] MappedPorts(App app) =>
    [
        .. (app.Container?.PortMappings ?? []).Select(port => new PortSpec(
            port.ContainerPort ?? 0, port.HostPort, port.ServicePort ?? 0, port.Protocol ?? "tcp", port.Name, port.Labels)),
    ];

    private static Constraint ToConstraint(IReadOnlyList<string> parts)
    {
        _ = ConstraintOperators.TryParse(parts[1], out var value);
        return new Constraint(parts[0], value, parts.Count > 2 && parts[2].Length > 0 ? parts[2] : null);
    }

    private static HealthCheckSpec ToHealthCheck(AppHealthCheck check) => new()
    {
        Protocol = check.Protocol switch
        {
            "HTTPS" => HealthProtocol.Https,
            "TCP" => HealthProtocol.Tcp,
            "COMMAND" => HealthProtocol.Command,
            "MESOS_HTTP" => HealthProtocol.MesosHttp,
            "MESOS_HTTPS" => HealthProtocol.MesosHttps,
            "MESOS_TCP" => HealthProtocol.MesosTcp,
            _ => HealthProtocol.Http,
        },
        Path = check.Path ?? "/",
        PortIndex = check.PortIndex,
        Port = check.Port,
        Command = check.Command?.Value,
        GracePeriod = Seconds(check.GracePeriodSeconds ?? 300),
        Interval = Seconds(check.IntervalSeconds ?? 60),
        Timeout = Seconds(check.TimeoutSeconds ?? 20),
        Delay = Seconds(check.DelaySeconds ?? 15),
        MaxConsecutiveFailures = check.MaxConsecutiveFailures ?? 3,
        IgnoreHttp1xx = check.IgnoreHttp1xx ?? false,
        Ipv6 = check.IpProtocol == "IPv6",
        Wire = check,
    };

    private static ReadinessCheckSpec ToReadinessCheck(ReadinessCheck check, PortSpec[] ports) => new()
    {
        Name = check.Name ?? AppDefaults.ReadinessCheckName,
        Https = check.Protocol == "HTTPS",
        Path = check.Path ?? "/",
        PortIndex = Math.Max(0, Array.FindIndex(ports, port => port.Name == (check.PortName ?? AppDefaults.ReadinessPortName))),
        Interval = Seconds(check.IntervalSeconds ?? 30),
        Timeout = Seconds(check.TimeoutSeconds ?? 10),
        ReadyStatusCodes = check.HttpStatusCodesForReady ?? [200],
        PreserveLastResponse = check.PreserveLastResponse ?? false,
    };

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
