using System.Globalization;
using Docker.DotNet.Models;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>The options of <c>docker run</c> that a task's <c>parameters</c> may hold, by their long names.</summary>
internal static class DockerParameters
{
    private const string Managed = "is the agent's to decide";

    private static readonly Dictionary<string, Action<CreateContainerParameters, string>> Known = new(StringComparer.Ordinal)
    {
        ["add-host"] = (c, v) => (c.HostConfig!.ExtraHosts ??= []).Add(v),
        ["blkio-weight"] = (c, v) => c.HostConfig!.BlkioWeight = checked((ushort)Whole(v)),
        ["cap-add"] = (c, v) => (c.HostConfig!.CapAdd ??= []).Add(v),
        ["cap-drop"] = (c, v) => (c.HostConfig!.CapDrop ??= []).Add(v),
        ["cgroup-parent"] = (c, v) => c.HostConfig!.CgroupParent = v,
        ["cpu-period"] = (c, v) => c.HostConfig!.CPUPeriod = Whole(v),
        ["cpu-quota"] = (c, v) => c.HostConfig!.CPUQuota = Whole(v),
        ["cpu-shares"] = (c, v) => c.HostConfig!.CPUShares = Whole(v),
        ["cpuset-cpus"] = (c, v) => c.HostConfig!.CpusetCpus = v,
        ["cpuset-mems"] = (c, v) => c.HostConfig!.CpusetMems = v,
        ["device"] = (c, v) => (c.HostConfig!.Devices ??= []).Add(Device(v)),
        ["dns"] = (c, v) => (c.HostConfig!.DNS ??= []).Add(v),
        ["dns-opt"] = (c, v) => (c.HostConfig!.DNSOptions ??= []).Add(v),
        ["dns-option"] = (c, v) => (c.HostConfig!.DNSOptions ??= []).Add(v),
        ["dns-search"] = (c, v) => (c.HostConfig!.DNSSearch ??= []).Add(v),
        ["domainname"] = (c, v) => c.Domainname = v,
        ["entrypoint"] = (c, v) => c.Entrypoint = [v],
        ["env"] = (c, v) =>
            c.Env!.Add(v.Contains('=', StringComparison.Ordinal) ? v : throw new FormatException("is not NAME=value")),
        ["expose"] = (c, v) =>
            (c.ExposedPorts ??= new Dictionary<string, EmptyStruct>())[v.Contains('/', StringComparison.Ordinal)
                ? v : v + "/tcp"] = default,
        ["group-add"] = (c, v) => (c.HostConfig!.GroupAdd ??= []).Add(v),
        ["hostname"] = (c, v) => c.Hostname = v,
        ["init"] = (c, v) => c.HostConfig!.Init = Truth(v),
        ["interactive"] = (c, v) => c.OpenStdin = Truth(v),
        ["ipc"] = (c, v) => c.HostConfig!.IpcMode = v,
        ["label"] = AddLabel,
        ["link"] = (c, v) => (c.HostConfig!.Links ??= []).Add(v),
        ["log-driver"] = (c, v) => c.HostConfig!.LogConfig = new LogConfig { Type = v },
        ["log-opt"] = (c, v) =>
            ((c.HostConfig!.LogConfig ??= new LogConfig()).Config ??= new Dictionary<string, string>())[Key(v)] = Value(v),
        ["memory"] = (c, v) => c.HostConfig!.Memory = Bytes(v),
        ["memory-reservation"] = (c, v) => c.HostConfig!.MemoryReservation = Bytes(v),
        ["memory-swap"] = (c, v) => c.HostConfig!.MemorySwap = v == "-1" ? -1 : Bytes(v),
        ["memory-swappiness"] = (c, v) => c.HostConfig!.MemorySwappiness = Whole(v),
        ["oom-kill-disable"] = (c, v) => c.HostConfig!.OomKillDisable = Truth(v),
        ["oom-score-adj"] = (c, v) => c.HostConfig!.OomScoreAdj = Whole(v),
        ["pid"] = (c, v) => c.HostConfig!.PidMode = v,
        ["pids-limit"] = (c, v) => c.HostConfig!.PidsLimit = Whole(v),
        ["privileged"] = (c, v) => c.HostConfig!.Privileged = Truth(v),
        ["read-only"] = (c, v) => c.HostConfig!.ReadonlyRootfs = Truth(v),
        ["runtime"] = (c, v) => c.HostConfig!.Runtime = v,
        ["security-opt"] = (c, v) => (c.HostConfig!.SecurityOpt ??= []).Add(v),
        ["shm-size"] = (c, v) => c.HostConfig!.ShmSize = Bytes(v),
        ["stop-signal"] = (c, v) => c.StopSignal = v,
        ["storage-opt"] = (c, v) => (c.HostConfig!.StorageOpt ??= new Dictionary<string, string>())[Key(v)] = Value(v),
        ["sysctl"] = (c, v) => (c.HostConfig!.Sysctls ??= new Dictionary<string, string>())[Key(v)] = Value(v),
        ["tmpfs"] = AddTmpfs,
        ["tty"] = (c, v) => c.Tty = Truth(v),
        ["ulimit"] = (c, v) => (c.HostConfig!.Ulimits ??= []).Add(Limit(v)),
        ["user"] = (c, v) => c.User = v,
        ["userns"] = (c, v) => c.HostConfig!.UsernsMode = v,
        ["uts"] = (c, v) => c.HostConfig!.UTSMode = v,
        ["volume"] = (c, v) => (c.HostConfig!.Binds ??= []).Add(v),
        ["volume-driver"] = (c, v) => c.HostConfig!.VolumeDriver = v,
        ["volumes-from"] = (c, v) => (c.HostConfig!.VolumesFrom ??= []).Add(v),
        ["workdir"] = (c, v) => c.WorkingDir = v,
        ["cidfile"] = Refuse,
        ["detach"] = Refuse,
        ["name"] = Refuse,
        ["publish"] = (_, _) => throw new FormatException("is what portMappings are for"),
        ["publish-all"] = (_, _) => throw new FormatException("is what portMappings are for"),
        ["net"] = (_, _) => throw new FormatException("is what the network is for"),
        ["network"] = (_, _) => throw new FormatException("is what the network is for"),
        ["restart"] = Refuse,
        ["rm"] = Refuse,
    };

    /// <summary>Puts one option into the description of a container.</summary>
    /// <exception cref="FormatException">The option is not known, not allowed, or its value is none; the message names
    /// it.</exception>
    public static void Apply(CreateContainerParameters container, string key, string value)
    {
        if (!Known.TryGetValue(key.TrimStart('-'), out var apply))
            throw new FormatException($"the Docker parameter '{key}' is not known to this agent");
        try
        {
            apply(container, value);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new FormatException($"the Docker parameter '{key}' with the value '{value}' {e.Message}", e);
        }
    }

    private static void Refuse(CreateContainerParameters container, string value) => throw new FormatException(Managed);

    private static void AddLabel(CreateContainerParameters container, string label)
    {
        var key = label.Split('=', 2)[0];
        if (key.StartsWith("lcm.", StringComparison.Ordinal)) throw new FormatException("uses the agent's own labels, lcm.*");
        container.Labels![key] = label.Contains('=', StringComparison.Ordinal) ? label.Split('=', 2)[1] : "";
    }

    private static void AddTmpfs(CreateContainerParameters container, string value)
    {
        var parts = value.Split(':', 2);
        (container.HostConfig!.Tmpfs ??= new Dictionary<string, string>())[parts[0]] = parts.Length > 1 ? parts[1] : "";
    }

    private static string Key(string option) => option.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? option[..at] : throw new FormatException("is not name=value");

    private static string Value(string option) => option[(option.IndexOf('=', StringComparison.Ordinal) + 1)..];

    private static long Whole(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        ? number : throw new FormatException("is not a whole number");

    private static bool Truth(string text) => text switch
    {
        "true" or "1" or "" => true,
        "false" or "0" => false,
        _ => throw new FormatException("is neither true nor false"),
    };

    private static long Bytes(string text)
    {
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

    private static DeviceMapping Device(string text)
    {
        var parts = text.Split(':');
        return parts.Length is 1 or 2 or 3 && parts[0].StartsWith('/')
            ? new DeviceMapping
            {
                PathOnHost = parts[0],
                PathInContainer = parts.Length > 1 ? parts[1] : parts[0],
                CgroupPermissions = parts.Length > 2 ? parts[2] : "rwm",
            }
            : throw new FormatException("is not /dev/host[:/dev/container[:rwm]]");
    }

    private static Ulimit Limit(string text)
    {
        var values = Value(text).Split(':');
        return new Ulimit { Name = Key(text), Soft = Whole(values[0]), Hard = Whole(values[^1]) };
    }
}
