namespace LifecycleManager.Security.Admission;

/// <summary>
/// What a rule admits. Wildcards never reach what gives root on the machine: root himself, paths of the system, and parameters
/// that open the container are admitted only where they are named.
/// </summary>
internal sealed record AdmissionLimits
{
    /// <summary>Everything, whatever else is said.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether containers may be privileged.</summary>
    public bool Privileged { get; init; }

    /// <summary>Whether a container may have the machine's network, and a task be a process, which always has.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>Whether artifacts may be files of the machine.</summary>
    public bool FileArtifacts { get; init; }

    /// <summary>Patterns of paths; one that ends with <c>:ro</c> admits reading alone.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];

    /// <summary>Patterns of parameters, <c>KEY</c> or <c>KEY=VALUE</c>.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Patterns of users that processes run as.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Patterns of users within containers; one that names none runs as its image says, which may be root.</summary>
    public IReadOnlyList<string> ContainerUsers { get; init; } = [];

    /// <summary>Patterns of images.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];
}

/// <summary>The levels of Kubernetes' Pod Security Standards, in the words of this notation.</summary>
internal static class AdmissionLevels
{
    /// <summary>Everything.</summary>
    public static AdmissionLimits Privileged { get; } = new() { IsOpen = true };

    /// <summary>Whatever does not give root on the machine.</summary>
    public static AdmissionLimits Baseline { get; } = new()
    {
        HostNetwork = true,
        FileArtifacts = true,

        // Root of a container could leave a program there that is root's for whoever starts it.
        Volumes = ["/**:ro"],
        Parameters = ["*"],
        Users = ["*"],
        ContainerUsers = ["*", "root"],
        Images = ["**"],
    };

    /// <summary>Containers alone, on networks of their own, with nothing of the machine, and nobody is root in them.</summary>
    public static AdmissionLimits Restricted { get; } = new()
    {
        Parameters = ["*"],
        Users = ["*"],
        ContainerUsers = ["*"],
        Images = ["**"],
    };

    /// <summary>A level by its name, or null.</summary>
    public static AdmissionLimits? Find(string name) => name switch
    {
        "privileged" => Privileged,
        "baseline" => Baseline,
        "restricted" => Restricted,
        _ => null,
    };
}
