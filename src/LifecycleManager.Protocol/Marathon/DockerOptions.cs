using System.Collections.Frozen;
using System.Globalization;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// The options of <c>docker run</c> that an app's <c>parameters</c> may hold, and their values: what the scheduler holds an app
/// to and the agent a task.
/// </summary>
public static class DockerOptions
{
    private static readonly FrozenDictionary<string, Action<string>> Known = Table().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The names of all that are known, those included that are refused whatever their value.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>Whether an option is known, with or without its dashes.</summary>
    /// <param name="key">The option's long name.</param>
    public static bool IsKnown(string key) => Known.ContainsKey(Name(key));

    /// <summary>An option's name without dashes.</summary>
    /// <param name="key">The name as it was written.</param>
    public static string Name(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.TrimStart('-');
    }

    /// <summary>Why an option is refused, for people; null for one that is not.</summary>
    /// <param name="key">The option's long name.</param>
    /// <param name="value">Its value.</param>
    public static string? WhyRefused(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (!Known.TryGetValue(Name(key), out var check)) return $"the Docker parameter '{key}' is not known";
        try
        {
            check(value);
            return null;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return $"the Docker parameter '{key}' with the value '{value}' {(e is FormatException ? e.Message : "is too large")}";
        }
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static long Whole(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number : throw new FormatException("is not a whole number");

    /// <summary>True or false; nothing is true.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static bool Truth(string text) => text switch
    {
        "true" or "1" or "" => true,
        "false" or "0" => false,
        _ => throw new FormatException("is neither true nor false"),
    };

    /// <summary>A size in bytes; <c>512m</c> is 512 MiB.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    /// <exception cref="OverflowException">It is more than a number holds.</exception>
    public static long Bytes(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.TrimEnd('b', 'B');
        var factor = digits.Length == 0 ? 0 : char.ToLowerInvariant(digits[^1]) switch
        {
            'k' => 1L << 10,
            'm' => 1L << 20,
            'g' => 1L << 30,
            't' => 1L << 40,
            _ => 1L,
        };
        if (factor > 1) digits = digits[..^1];
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? checked((long)(number * factor)) : throw new FormatException("is not a size such as 512m");
    }

    /// <summary>The two parts of <c>name=value</c>.</summary>
    /// <exception cref="FormatException">There is no name.</exception>
    public static (string Name, string Value) Pair(string option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return option.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            ? (option[..at], option[(at + 1)..]) : throw new FormatException("is not name=value");
    }

    /// <summary>A device of the machine, where it appears, and what may be done with it.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static (string Host, string Container, string Permissions) Device(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':');
        return parts.Length is 1 or 2 or 3 && parts[0].StartsWith('/')
            ? (parts[0], parts.Length > 1 ? parts[1] : parts[0], parts.Length > 2 ? parts[2] : "rwm")
            : throw new FormatException("is not /dev/host[:/dev/container[:rwm]]");
    }

    /// <summary>A limit, <c>name=soft[:hard]</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static (string Name, long Soft, long Hard) Limit(string text)
    {
        var (name, value) = Pair(text);
        var values = value.Split(':');
        return (name, Whole(values[0]), Whole(values[^1]));
    }

    /// <summary>A label of the container; the agent's own cannot be set.</summary>
    /// <exception cref="FormatException">It is one of the agent's.</exception>
    public static (string Name, string Value) Label(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('=', 2);
        if (parts[0].StartsWith(AppLabel.Prefix, StringComparison.Ordinal))
            throw new FormatException("uses the agent's own labels, lcm.*");
        return (parts[0], parts.Length > 1 ? parts[1] : "");
    }

    private static Dictionary<string, Action<string>> Table()
    {
        var table = new Dictionary<string, Action<string>>(StringComparer.Ordinal);
        Add(_ => { }, "add-host", "cap-add", "cap-drop", "cgroup-parent", "cpuset-cpus", "cpuset-mems", "dns", "dns-opt",
            "dns-option", "dns-search", "domainname", "entrypoint", "expose", "group-add", "hostname", "ipc", "link",
            "log-driver", "pid", "runtime", "security-opt", "stop-signal", "tmpfs", "user",
            "userns", "uts", "volume", "volume-driver",
            "volumes-from", "workdir");
        Add(value => _ = Whole(value), "cpu-period", "cpu-quota", "cpu-shares", "memory-swappiness", "oom-score-adj",
            "pids-limit");
        Add(value => _ = checked((ushort)Whole(value)), "blkio-weight");
        Add(value => _ = Truth(value), "init", "interactive", "oom-kill-disable", "privileged", "read-only", "tty");
        Add(value => _ = Bytes(value), "memory", "memory-reservation", "shm-size");
        Add(value => _ = value == "-1" ? -1 : Bytes(value), "memory-swap");
        Add(value => _ = Pair(value), "env", "log-opt", "storage-opt", "sysctl");
        Add(value => _ = Device(value), "device");
        Add(value => _ = Limit(value), "ulimit");
        Add(value => _ = Label(value), "label");
        Add(_ => throw new FormatException("is the agent's to decide"), "cidfile", "detach", "name", "restart", "rm");
        Add(_ => throw new FormatException("is what portMappings are for"), "publish", "publish-all");
        Add(_ => throw new FormatException("is what the network is for"), "net", "network");
        return table;

        void Add(Action<string> check, params ReadOnlySpan<string> names)
        {
            foreach (var name in names) table.Add(name, check);
        }
    }
}
