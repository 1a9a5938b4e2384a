using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>How a health check asks.</summary>
internal enum HealthProtocol
{
    /// <summary>An HTTP request by the scheduler.</summary>
    Http,

    /// <summary>An HTTPS request by the scheduler; any certificate is taken.</summary>
    Https,

    /// <summary>A TCP connection by the scheduler.</summary>
    Tcp,

    /// <summary>A command run beside the task by the agent.</summary>
    Command,

    /// <summary>An HTTP request by the agent.</summary>
    MesosHttp,

    /// <summary>An HTTPS request by the agent.</summary>
    MesosHttps,

    /// <summary>A TCP connection by the agent.</summary>
    MesosTcp,
}

/// <summary>A health check, every default filled.</summary>
internal sealed record HealthCheckSpec
{
    /// <summary>How it asks.</summary>
    public required HealthProtocol Protocol { get; init; }

    /// <summary>The path, for HTTP.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The index of the port among the app's; null where <see cref="Port"/> or a command is set.</summary>
    public int? PortIndex { get; init; }

    /// <summary>A port in place of an index.</summary>
    public int? Port { get; init; }

    /// <summary>The command line, for <see cref="HealthProtocol.Command"/>.</summary>
    public string? Command { get; init; }

    /// <summary>Failures within this time of the start are ignored until the first success.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Between checks.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Of one check.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Before the first check, for those run by the agent.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Failures in a row before the instance is killed; 0 never kills.</summary>
    public int MaxConsecutiveFailures { get; init; } = 3;

    /// <summary>Count 1xx answers as healthy.</summary>
    public bool IgnoreHttp1xx { get; init; }

    /// <summary>Ask over IPv6.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>As it is written in the normalized definition.</summary>
    public required AppHealthCheck Wire { get; init; }

    /// <summary>Run by the agent.</summary>
    public bool IsAgentSide =>
        Protocol is HealthProtocol.Command or HealthProtocol.MesosHttp or HealthProtocol.MesosHttps or HealthProtocol.MesosTcp;
}

/// <summary>A readiness check, every default filled: asked while a deployment brings instances up.</summary>
internal sealed record ReadinessCheckSpec
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>HTTPS in place of HTTP; any certificate is taken.</summary>
    public bool Https { get; init; }

    /// <summary>The path.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The index of the port among the app's.</summary>
    public int PortIndex { get; init; }

    /// <summary>Between checks.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Of one check.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Codes that mean ready.</summary>
    public IReadOnlyList<int> ReadyStatusCodes { get; init; } = [200];

    /// <summary>Keep the last answer for the API.</summary>
    public bool PreserveLastResponse { get; init; }
}
