namespace LifecycleManager.Security.Admission;

/// <summary>A value of a definition, and where it stands there.</summary>
/// <param name="Path">Where: <c>/container/docker/image</c>.</param>
/// <param name="Value">The value.</param>
public readonly record struct Stated(string Path, string Value);

/// <summary>A path of the machine that a task is to see.</summary>
/// <param name="Path">Where it is stated.</param>
/// <param name="HostPath">The path, as it is stated.</param>
/// <param name="IsReadOnly">Whether it can only be read.</param>
public sealed record StatedVolume(string Path, string HostPath, bool IsReadOnly)
{
    /// <summary>
    /// Where the path leads on this machine, where that is known: a link that somebody has put there is no way around a rule.
    /// </summary>
    public string? Target { get; init; }
}

/// <summary>An option of <c>docker run</c>.</summary>
/// <param name="Path">Where it is stated.</param>
/// <param name="Key">Its long name, without dashes.</param>
/// <param name="Value">Its value.</param>
public sealed record StatedParameter(string Path, string Key, string Value);

/// <summary>What one task is to be, as far as rules of admission are about it.</summary>
public sealed record AdmissionRequest
{
    /// <summary>The app or pod that it is of, <c>/shop/web</c>; null where that is not known.</summary>
    public string? App { get; init; }

    /// <summary>The Mesos role whose resources it takes.</summary>
    public string Role { get; init; } = "*";

    /// <summary>It is a Docker container; else a process of the machine.</summary>
    public bool IsContainer { get; init; }

    /// <summary>The image of a container.</summary>
    public Stated? Image { get; init; }

    /// <summary>Where it is stated that a container is privileged; null where it is not.</summary>
    public string? Privileged { get; init; }

    /// <summary>Where it is stated that a task is on the machine's network, as every process is; null where it is not.</summary>
    public string? HostNetwork { get; init; }

    /// <summary>The options of <c>docker run</c>.</summary>
    public IReadOnlyList<StatedParameter> Parameters { get; init; } = [];

    /// <summary>Paths of the machine.</summary>
    public IReadOnlyList<StatedVolume> Volumes { get; init; } = [];

    /// <summary>
    /// As whom it is to run; null where nobody says: a process then runs as the agent decides, a container as its image.
    /// </summary>
    public Stated? User { get; init; }

    /// <summary>The user is root under another name, as this machine's accounts have it.</summary>
    public bool IsRootByNumber { get; init; }

    /// <summary>The addresses of its artifacts.</summary>
    public IReadOnlyList<Stated> Artifacts { get; init; } = [];

    /// <summary>
    /// Paths of the agent itself, which are the system's as much as <c>/etc</c>: its work directory, the engine's socket.
    /// </summary>
    public IReadOnlyList<string> AgentPaths { get; init; } = [];
}
