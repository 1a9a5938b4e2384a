// Holds the place of the definitions until they arrive from their own branch: the names that the core uses. Remove it in that merge.
#pragma warning disable CS1591
using System.Globalization;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Definitions;

public readonly record struct AppId(string Path);

public enum ConstraintOperator { Unique, Cluster, GroupBy, Like, Unlike, MaxPer, Is }

public sealed record Constraint(string Field, ConstraintOperator Operator, string? Value);

public enum NetworkMode { Host, Bridge, Container }

public enum KillSelection { YoungestFirst, OldestFirst }

public sealed record PortSpec(
    int? ContainerPort, int? HostPort, int ServicePort, string Protocol = "tcp", string? Name = null,
    IReadOnlyDictionary<string, string>? Labels = null);

/// <summary>How launches of a failing app are delayed.</summary>
public sealed record Backoff(TimeSpan Initial, double Factor, TimeSpan Maximum);

/// <summary>What becomes of instances whose agent does not answer; null in the definition when disabled.</summary>
public sealed record UnreachableStrategy(TimeSpan InactiveAfter, TimeSpan ExpungeAfter);

public enum HealthProtocol { Http, Https, Tcp, Command, MesosHttp, MesosHttps, MesosTcp }

/// <summary>A health check, every default filled.</summary>
public sealed record HealthCheckSpec
{
    public required HealthProtocol Protocol { get; init; }
    public string Path { get; init; } = "/";
    public int? PortIndex { get; init; }
    public int? Port { get; init; }
    public string? Command { get; init; }
    public TimeSpan GracePeriod { get; init; }
    public TimeSpan Interval { get; init; }
    public TimeSpan Timeout { get; init; }
    public TimeSpan Delay { get; init; }
    public int MaxConsecutiveFailures { get; init; }
    public bool IgnoreHttp1xx { get; init; }
    public bool Ipv6 { get; init; }

    /// <summary>As it was written, for events.</summary>
    public required AppHealthCheck Wire { get; init; }

    /// <summary>Run by the agent.</summary>
    public bool IsAgentSide => Protocol is HealthProtocol.Command or HealthProtocol.MesosHttp or HealthProtocol.MesosHttps or HealthProtocol.MesosTcp;
}

public sealed record ReadinessCheckSpec
{
    public required string Name { get; init; }
    public bool Https { get; init; }
    public string Path { get; init; } = "/";
    public int PortIndex { get; init; }
    public TimeSpan Interval { get; init; }
    public TimeSpan Timeout { get; init; }
    public IReadOnlyList<int> ReadyStatusCodes { get; init; } = [200];
    public bool PreserveLastResponse { get; init; }
}

public sealed record AppDefinition
{
    public required AppId Id { get; init; }
    public required DateTimeOffset Version { get; init; }
    public required App Wire { get; init; }
    public int Instances { get; init; }
    public double Cpus { get; init; }
    public double Mem { get; init; }
    public double Disk { get; init; }
    public int Gpus { get; init; }
    public IReadOnlyList<Constraint> Constraints { get; init; } = [];
    public IReadOnlyList<PortSpec> Ports { get; init; } = [];
    public bool RequirePorts { get; init; }
    public NetworkMode Network { get; init; }
    public string Role { get; init; } = "*";
    public IReadOnlyList<string> AcceptedResourceRoles { get; init; } = ["*"];
    public Backoff Backoff { get; init; } = new(TimeSpan.FromSeconds(1), 1.15, TimeSpan.FromSeconds(300));
    public double MinimumHealthCapacity { get; init; } = 1;
    public double MaximumOverCapacity { get; init; } = 1;
    public TimeSpan? KillGracePeriod { get; init; }
    public KillSelection KillSelection { get; init; }
    public UnreachableStrategy? Unreachable { get; init; } = new(TimeSpan.Zero, TimeSpan.Zero);
    public IReadOnlyList<AppId> Dependencies { get; init; } = [];
    public IReadOnlyList<HealthCheckSpec> HealthChecks { get; init; } = [];
    public IReadOnlyList<ReadinessCheckSpec> ReadinessChecks { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The same with another version, in <see cref="Wire"/> too.</summary>
    public AppDefinition WithVersion(DateTimeOffset version) =>
        this with { Version = version, Wire = Wire with { Version = Instants.Write(version) } };

    /// <summary>The same with another count, in <see cref="Wire"/> too.</summary>
    public AppDefinition WithInstances(int instances) => this with { Instances = instances, Wire = Wire with { Instances = instances } };

    public static AppDefinition FromWire(App normalized) => new()
    {
        Id = new AppId(normalized.Id!),
        Version = Instants.Read(normalized.Version ?? "1970-01-01T00:00:00.000Z"),
        Wire = normalized,
        Instances = normalized.Instances ?? 1,
        Cpus = normalized.Cpus ?? 1,
        Mem = normalized.Mem ?? 128,
    };
}

/// <summary>A group of apps and groups; immutable.</summary>
public sealed record GroupDefinition
{
    public required AppId Id { get; init; }
    public DateTimeOffset Version { get; init; }
    public IReadOnlyList<AppDefinition> Apps { get; init; } = [];
    public IReadOnlyList<GroupDefinition> Groups { get; init; } = [];
    public IReadOnlyList<AppId> Dependencies { get; init; } = [];

    /// <summary>Every app below, in no particular order.</summary>
    public IEnumerable<AppDefinition> AllApps => Apps.Concat(Groups.SelectMany(group => group.AllApps));
}
