namespace LifecycleManager.Security.Admission;

/// <summary>Which paths of the machine a rule admits.</summary>
internal static class VolumeRules
{
    private const string ReadOnly = ":ro";

    /// <summary>
    /// Where the system is, where engines listen, and where anybody may put a link to any of these. Whoever may write there, or
    /// speak to an engine, is root.
    /// </summary>
    private static readonly string[] OfSystem =
    [
        "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run", "/sbin",
        "/snap",
        "/sys", "/tmp", "/usr", "/var/cache", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/dpkg",
        "/var/lib/kubelet", "/var/lib/lcm", "/var/lib/rpm", "/var/lib/systemd", "/var/log", "/var/run", "/var/spool", "/var/tmp",
    ];

    private static readonly string[] Sockets =
    [
        "/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock",
        "/run/podman/podman.sock", "/run/crio/crio.sock",
    ];

    /// <summary>What is not admitted of a volume, or null.</summary>
    public static string? WhyRefused(AdmissionLimits limits, StatedVolume volume, IReadOnlyList<string> agentPaths)
    {
        if (WhyRefused(limits, Clean(volume.HostPath), volume.IsReadOnly, agentPaths) is { } why)
            return $"the volume '{volume.HostPath}'{why}";
        return volume.Target is { } target && WhyRefused(limits, Clean(target), volume.IsReadOnly, agentPaths) is { } behind
            ? $"the volume '{volume.HostPath}', which leads to '{target}'{behind}" : null;
    }

    private static string? WhyRefused(AdmissionLimits limits, string path, bool isReadOnly, IReadOnlyList<string> agentPaths)
    {
        var protectedPaths = OfSystem.Concat(agentPaths.Select(Clean)).ToList();
        var mayRead = false;
        var isProtected = protectedPaths.Exists(known => IsWithin(path, known) || IsWithin(known, path));
        foreach (var stated in limits.Volumes)
        {
            var isForReading = stated.EndsWith(ReadOnly, StringComparison.Ordinal);
            var pattern = isForReading ? stated[..^ReadOnly.Length] : stated;
            if (!PathPattern.IsMatch(pattern, path) || (isProtected && !IsNamed(pattern, path, protectedPaths))) continue;
            if (!isForReading || isReadOnly) return null;
            mayRead = true;
        }

        return Sockets.Any(socket => IsWithin(socket, path)) ? ", in which a container engine listens"
            : mayRead ? " for writing; mode RO is admitted" : isProtected ? ", a path of the system" : "";
    }

    /// <summary>A pattern names a path of the system where what is fixed of it lies in one, or is the path itself.</summary>
    private static bool IsNamed(string pattern, string path, List<string> protectedPaths)
    {
        var named = PathPattern.Fixed(pattern);
        return pattern == path || (named.Length > 0 && protectedPaths.Exists(known => IsWithin(named, known)));
    }

    private static bool IsWithin(string path, string directory) => directory == "/" || path == directory
        || (path.StartsWith(directory, StringComparison.Ordinal) && path[directory.Length] == '/');

    // The engine takes "/srv/../etc" for what it is, too.
    private static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0) parts.RemoveAt(parts.Count - 1);
            else if (part is not ("." or "..")) parts.Add(part);
        }

        return "/" + string.Join('/', parts);
    }
}
