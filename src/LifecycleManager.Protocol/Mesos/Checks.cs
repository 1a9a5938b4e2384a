using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>The kind of a check.</summary>
[JsonConverter(typeof(UpperSnake<CheckType>))]
public enum CheckType
{
    /// <summary>Not stated.</summary>
    Unknown,

    /// <summary>A command whose exit code counts.</summary>
    Command,

    /// <summary>An HTTP or HTTPS request; 200 to 399 is healthy.</summary>
    Http,

    /// <summary>A TCP connection.</summary>
    Tcp,
}

/// <summary>A health check run by the agent. Times in seconds.</summary>
public sealed record HealthCheck
{
    /// <summary>The kind.</summary>
    public CheckType? Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Command.</summary>
    public CommandInfo? Command { get; init; }

    /// <summary>Set when <see cref="Type"/> is Http.</summary>
    public HttpCheck? Http { get; init; }

    /// <summary>Set when <see cref="Type"/> is Tcp.</summary>
    public TcpCheck? Tcp { get; init; }

    /// <summary>Before the first check; default 15.</summary>
    public double? DelaySeconds { get; init; }

    /// <summary>Between checks; default 10.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>Of one check; default 20.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Failures in a row before the task is killed; default 3.</summary>
    public uint? ConsecutiveFailures { get; init; }

    /// <summary>Failures within this time of the start are ignored until the first success; default 10.</summary>
    public double? GracePeriodSeconds { get; init; }
}

/// <summary>A check whose result is reported and never kills. Times in seconds.</summary>
public sealed record CheckInfo
{
    /// <summary>The kind.</summary>
    public CheckType? Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Command.</summary>
    public CommandCheck? Command { get; init; }

    /// <summary>Set when <see cref="Type"/> is Http.</summary>
    public HttpCheck? Http { get; init; }

    /// <summary>Set when <see cref="Type"/> is Tcp.</summary>
    public TcpCheck? Tcp { get; init; }

    /// <summary>Before the first check; default 15.</summary>
    public double? DelaySeconds { get; init; }

    /// <summary>Between checks; default 10.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>Of one check; default 20.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>A command in Mesos' nesting, <c>{"command": {…}}</c>.</summary>
    public sealed record CommandCheck(CommandInfo Command);
}

/// <summary>An HTTP check.</summary>
public sealed record HttpCheck
{
    /// <summary><c>http</c> (default) or <c>https</c>; checks accept any certificate.</summary>
    public string? Scheme { get; init; }

    /// <summary>The port on the task's host.</summary>
    public required uint Port { get; init; }

    /// <summary>The path; default <c>/</c>.</summary>
    public string? Path { get; init; }

    /// <summary><c>IPv4</c> (default) or <c>IPv6</c>.</summary>
    public string? Protocol { get; init; }
}

/// <summary>A TCP check.</summary>
public sealed record TcpCheck
{
    /// <summary>The port on the task's host.</summary>
    public required uint Port { get; init; }

    /// <summary><c>IPv4</c> (default) or <c>IPv6</c>.</summary>
    public string? Protocol { get; init; }
}

/// <summary>What a <see cref="CheckInfo"/> last saw.</summary>
public sealed record CheckStatusInfo
{
    /// <summary>The kind.</summary>
    public CheckType? Type { get; init; }

    /// <summary>The exit code.</summary>
    public CommandStatus? Command { get; init; }

    /// <summary>The status code.</summary>
    public HttpStatus? Http { get; init; }

    /// <summary>Whether the connection came about.</summary>
    public TcpStatus? Tcp { get; init; }

    /// <summary>An exit code; absent while unknown.</summary>
    public sealed record CommandStatus(int? ExitCode);

    /// <summary>A status code; absent while unknown.</summary>
    public sealed record HttpStatus(uint? StatusCode);

    /// <summary>Success; absent while unknown.</summary>
    public sealed record TcpStatus(bool? Succeeded);
}
