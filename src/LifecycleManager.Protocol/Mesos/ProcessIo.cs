using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>What goes to and fro between a client and a command that runs in a container: bytes, or word of the line.</summary>
public sealed record ProcessIo
{
    /// <summary>Which of them it is.</summary>
    public ProcessIoType Type { get; init; }

    /// <summary>The bytes, where it is such.</summary>
    public ProcessIoData? Data { get; init; }

    /// <summary>The word, where it is such.</summary>
    public ProcessIoControl? Control { get; init; }

    /// <summary>Bytes of a stream.</summary>
    public static ProcessIo Of(ProcessStream stream, byte[] bytes) =>
        new() { Type = ProcessIoType.Data, Data = new ProcessIoData(stream, bytes) };
}

/// <summary>Kinds of <see cref="ProcessIo"/>.</summary>
[JsonConverter(typeof(UpperSnake<ProcessIoType>))]
public enum ProcessIoType
{
    /// <summary>A kind that the reader does not know.</summary>
    Unknown,

    /// <summary>Bytes.</summary>
    Data,

    /// <summary>Word of the line.</summary>
    Control,
}

/// <summary>Bytes of a stream.</summary>
/// <param name="Type">Which stream.</param>
/// <param name="Data">The bytes; of standard input none is its end.</param>
public sealed record ProcessIoData(ProcessStream Type, byte[] Data);

/// <summary>The streams of a process.</summary>
[JsonConverter(typeof(UpperSnake<ProcessStream>))]
public enum ProcessStream
{
    /// <summary>A stream that the reader does not know.</summary>
    Unknown,

    /// <summary>Standard input.</summary>
    Stdin,

    /// <summary>Standard output; of a terminal all that it shows.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,
}

/// <summary>Word of the line.</summary>
public sealed record ProcessIoControl
{
    /// <summary>Which.</summary>
    public ProcessControlType Type { get; init; }

    /// <summary>The terminal's size, where it has changed.</summary>
    public TtyInfo? TtyInfo { get; init; }

    /// <summary>That the line lives.</summary>
    public ProcessHeartbeat? Heartbeat { get; init; }
}

/// <summary>Kinds of <see cref="ProcessIoControl"/>.</summary>
[JsonConverter(typeof(UpperSnake<ProcessControlType>))]
public enum ProcessControlType
{
    /// <summary>A kind that the reader does not know.</summary>
    Unknown,

    /// <summary>The terminal is another.</summary>
    TtyInfo,

    /// <summary>The line lives.</summary>
    Heartbeat,
}

/// <summary>How long it is at most to the next heartbeat.</summary>
public sealed record ProcessHeartbeat(DurationInfo? Interval);

/// <summary>A terminal.</summary>
public sealed record TtyInfo(TtyWindow? WindowSize = null);

/// <summary>A terminal's size.</summary>
/// <param name="Rows">Its lines, 1 to 65535.</param>
/// <param name="Columns">Its characters a line, 1 to 65535.</param>
public sealed record TtyWindow(int Rows, int Columns);

/// <summary>A record of what a client sends to a command: first whom it is for, then what.</summary>
public sealed record AttachInputCall
{
    /// <summary>Mesos' name of the call.</summary>
    public const string Name = "ATTACH_CONTAINER_INPUT";

    /// <summary>The call's name.</summary>
    public string? Type { get; init; }

    /// <summary>What it is about.</summary>
    public AttachContainerInput? AttachContainerInput { get; init; }

    /// <summary>The first record.</summary>
    public static AttachInputCall For(ContainerId container) => new()
    {
        Type = Name,
        AttachContainerInput = new AttachContainerInput { Type = AttachInputType.ContainerId, ContainerId = container },
    };

    /// <summary>A later one.</summary>
    public static AttachInputCall With(ProcessIo io) => new()
    {
        Type = Name,
        AttachContainerInput = new AttachContainerInput { Type = AttachInputType.ProcessIo, ProcessIo = io },
    };
}

/// <summary>Part of <see cref="AttachInputCall"/>.</summary>
public sealed record AttachContainerInput
{
    /// <summary>Which of them it is.</summary>
    public AttachInputType Type { get; init; }

    /// <summary>Whom it is for.</summary>
    public ContainerId? ContainerId { get; init; }

    /// <summary>What.</summary>
    public ProcessIo? ProcessIo { get; init; }
}

/// <summary>Kinds of <see cref="AttachContainerInput"/>.</summary>
[JsonConverter(typeof(UpperSnake<AttachInputType>))]
public enum AttachInputType
{
    /// <summary>A kind that the reader does not know.</summary>
    Unknown,

    /// <summary>Whom it is for.</summary>
    ContainerId,

    /// <summary>What.</summary>
    ProcessIo,
}

/// <summary>What is to run in a container, with streams to whoever begins it.</summary>
public sealed record LaunchSessionCall
{
    /// <summary>Mesos' name of the call.</summary>
    public const string Name = "LAUNCH_NESTED_CONTAINER_SESSION";

    /// <summary>Its id, of the caller's choice, with the container that it runs in for its parent.</summary>
    public ContainerId? ContainerId { get; init; }

    /// <summary>The command.</summary>
    public CommandInfo? Command { get; init; }

    /// <summary>Whether it has a terminal.</summary>
    public SessionContainer? Container { get; init; }
}

/// <summary>What a command in a container may have of its own.</summary>
public sealed record SessionContainer
{
    /// <summary><c>MESOS</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Its terminal; null for none.</summary>
    public TtyInfo? TtyInfo { get; init; }
}
