using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security.Admission;

/// <summary>
/// Which options of <c>docker run</c> a rule admits. What is not known to be harmless must be named with its value, so that an
/// option of tomorrow's engine is no way around it.
/// </summary>
internal static class ParameterRules
{
    /// <summary>Options that change nothing outside of the container, whatever their value.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "add-host", "blkio-weight", "cap-drop", "cpu-period", "cpu-quota", "cpu-shares", "cpuset-cpus", "cpuset-mems", "dns",
        "dns-opt", "dns-option", "dns-search", "domainname", "entrypoint", "env", "expose", "group-add", "hostname", "init",
        "interactive", "label", "memory", "memory-reservation", "memory-swap", "memory-swappiness", "oom-kill-disable",
        "oom-score-adj", "pids-limit", "read-only", "shm-size", "stop-signal", "storage-opt", "tmpfs", "tty", "ulimit", "workdir",
    };

    /// <summary>What a container of Docker has without asking.</summary>
    private static readonly HashSet<string> UsualCapabilities = new(StringComparer.Ordinal)
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    };

    /// <summary>Whether one of the patterns admits an option.</summary>
    public static bool Admits(IReadOnlyList<string> patterns, StatedParameter parameter)
    {
        var (key, value) = (ParameterReading.KeyOf(parameter), parameter.Value);
        var isHarmless = IsHarmless(key, value);
        foreach (var pattern in patterns)
        {
            var equals = pattern.IndexOf('=', StringComparison.Ordinal);
            var (name, values) = equals < 0 ? (pattern, "*") : (pattern[..equals], pattern[(equals + 1)..]);
            var matches = isHarmless ? Glob.IsMatch(name, key, paths: false) : name == key;
            if (matches && Glob.IsMatch(values, value, paths: false)) return true;
        }

        return false;
    }

    private static bool IsHarmless(string key, string value) => key switch
    {
        "cap-add" => UsualCapabilities.Contains(Capability(value)),
        "security-opt" => value is "no-new-privileges" or "no-new-privileges=true" or "no-new-privileges:true",
        "ipc" => value is "private" or "none" or "shareable",
        "log-driver" => value is "json-file" or "local" or "none" or "journald",

        // An address may be a socket of the machine, to which the engine would speak as root.
        "log-opt" => !value.Contains("address", StringComparison.OrdinalIgnoreCase),
        "sysctl" => value.StartsWith("net.ipv4.ip_local_port_range=", StringComparison.Ordinal)
            || value.StartsWith("net.ipv4.ip_unprivileged_port_start=", StringComparison.Ordinal)
            || value.StartsWith("net.ipv4.tcp_", StringComparison.Ordinal)
            || value.StartsWith("net.ipv4.ping_group_range=", StringComparison.Ordinal)
            || value.StartsWith("kernel.shm_rmid_forced=", StringComparison.Ordinal),
        _ => Harmless.Contains(key),
    };

    private static string Capability(string value)
    {
        var upper = value.Trim().ToUpperInvariant();
        return upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper[4..] : upper;
    }
}
