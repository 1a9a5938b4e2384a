using Docker.DotNet.Models;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>The options of <c>docker run</c> that a task's <c>parameters</c> may hold, by their long names.</summary>
internal static class DockerParameters
{
    private static readonly Dictionary<string, Action<CreateContainerParameters, string>> Known = new(StringComparer.Ordinal)
    {
        ["add-host"] = (c, v) => (c.HostConfig!.ExtraHosts ??= []).Add(v),
        ["blkio-weight"] = (c, v) => c.HostConfig!.BlkioWeight = checked((ushort)DockerOptions.Whole(v)),
        ["cap-add"] = (c, v) => (c.HostConfig!.CapAdd ??= []).Add(v),
        ["cap-drop"] = (c, v) => (c.HostConfig!.CapDrop ??= []).Add(v),
        ["cgroup-parent"] = (c, v) => c.HostConfig!.CgroupParent = v,
        ["cpu-period"] = (c, v) => c.HostConfig!.CPUPeriod = DockerOptions.Whole(v),
        ["cpu-quota"] = (c, v) => c.HostConfig!.CPUQuota = DockerOptions.Whole(v),
        ["cpu-shares"] = (c, v) => c.HostConfig!.CPUShares = DockerOptions.Whole(v),
        ["cpuset-cpus"] = (c, v) => c.HostConfig!.CpusetCpus = v,
        ["cpuset-mems"] = (c, v) => c.HostConfig!.CpusetMems = v,
        ["device"] = (c, v) => (c.HostConfig!.Devices ??= []).Add(Device(v)),
        ["dns"] = (c, v) => (c.HostConfig!.DNS ??= []).Add(v),
        ["dns-opt"] = (c, v) => (c.HostConfig!.DNSOptions ??= []).Add(v),
        ["dns-option"] = (c, v) => (c.HostConfig!.DNSOptions ??= []).Add(v),
        ["dns-search"] = (c, v) => (c.HostConfig!.DNSSearch ??= []).Add(v),
        ["domainname"] = (c, v) => c.Domainname = v,
        ["entrypoint"] = (c, v) => c.Entrypoint = [v],
        ["env"] = (c, v) => c.Env!.Add(v),
        ["expose"] = (c, v) =>
            (c.ExposedPorts ??= new Dictionary<string, EmptyStruct>())[v.Contains('/', StringComparison.Ordinal)
                ? v : v + "/tcp"] = default,
        ["group-add"] = (c, v) => (c.HostConfig!.GroupAdd ??= []).Add(v),
        ["hostname"] = (c, v) => c.Hostname = v,
        ["init"] = (c, v) => c.HostConfig!.Init = DockerOptions.Truth(v),
        ["interactive"] = (c, v) => c.OpenStdin = DockerOptions.Truth(v),
        ["ipc"] = (c, v) => c.HostConfig!.IpcMode = v,
        ["label"] = AddLabel,
        ["link"] = (c, v) => (c.HostConfig!.Links ??= []).Add(v),
        ["log-driver"] = (c, v) => c.HostConfig!.LogConfig = new LogConfig { Type = v },
        ["log-opt"] = (c, v) =>
            AddPair((c.HostConfig!.LogConfig ??= new LogConfig()).Config ??= new Dictionary<string, string>(), v),
        ["memory"] = (c, v) => c.HostConfig!.Memory = DockerOptions.Bytes(v),
        ["memory-reservation"] = (c, v) => c.HostConfig!.MemoryReservation = DockerOptions.Bytes(v),
        ["memory-swap"] = (c, v) => c.HostConfig!.MemorySwap = v == "-1" ? -1 : DockerOptions.Bytes(v),
        ["memory-swappiness"] = (c, v) => c.HostConfig!.MemorySwappiness = DockerOptions.Whole(v),
        ["oom-kill-disable"] = (c, v) => c.HostConfig!.OomKillDisable = DockerOptions.Truth(v),
        ["oom-score-adj"] = (c, v) => c.HostConfig!.OomScoreAdj = DockerOptions.Whole(v),
        ["pid"] = (c, v) => c.HostConfig!.PidMode = v,
        ["pids-limit"] = (c, v) => c.HostConfig!.PidsLimit = DockerOptions.Whole(v),
        ["privileged"] = (c, v) => c.HostConfig!.Privileged = DockerOptions.Truth(v),
        ["read-only"] = (c, v) => c.HostConfig!.ReadonlyRootfs = DockerOptions.Truth(v),
        ["runtime"] = (c, v) => c.HostConfig!.Runtime = v,
        ["security-opt"] = (c, v) => (c.HostConfig!.SecurityOpt ??= []).Add(v),
        ["shm-size"] = (c, v) => c.HostConfig!.ShmSize = DockerOptions.Bytes(v),
        ["stop-signal"] = (c, v) => c.StopSignal = v,
        ["storage-opt"] = (c, v) => AddPair(c.HostConfig!.StorageOpt ??= new Dictionary<string, string>(), v),
        ["sysctl"] = (c, v) => AddPair(c.HostConfig!.Sysctls ??= new Dictionary<string, string>(), v),
        ["tmpfs"] = AddTmpfs,
        ["tty"] = (c, v) => c.Tty = DockerOptions.Truth(v),
        ["ulimit"] = (c, v) => (c.HostConfig!.Ulimits ??= []).Add(Limit(v)),
        ["user"] = (c, v) => c.User = v,
        ["userns"] = (c, v) => c.HostConfig!.UsernsMode = v,
        ["uts"] = (c, v) => c.HostConfig!.UTSMode = v,
        ["volume"] = (c, v) => (c.HostConfig!.Binds ??= []).Add(v),
        ["volume-driver"] = (c, v) => c.HostConfig!.VolumeDriver = v,
        ["volumes-from"] = (c, v) => (c.HostConfig!.VolumesFrom ??= []).Add(v),
        ["workdir"] = (c, v) => c.WorkingDir = v,
    };

    /// <summary>The names of those that can be put into a description.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>Puts one option into the description of a container.</summary>
    /// <exception cref="FormatException">The option is not known, not allowed, or its value is none; the message names
    /// it.</exception>
    public static void Apply(CreateContainerParameters container, string key, string value)
    {
        if (DockerOptions.WhyRefused(key, value) is { } reason) throw new FormatException(reason);
        Known[DockerOptions.Name(key)](container, value);
    }

    private static void AddLabel(CreateContainerParameters container, string label)
    {
        var (name, value) = DockerOptions.Label(label);
        container.Labels![name] = value;
    }

    private static void AddTmpfs(CreateContainerParameters container, string value)
    {
        var parts = value.Split(':', 2);
        (container.HostConfig!.Tmpfs ??= new Dictionary<string, string>())[parts[0]] = parts.Length > 1 ? parts[1] : "";
    }

    private static void AddPair(IDictionary<string, string> to, string option)
    {
        var (name, value) = DockerOptions.Pair(option);
        to[name] = value;
    }

    private static DeviceMapping Device(string text)
    {
        var (host, container, permissions) = DockerOptions.Device(text);
        return new DeviceMapping { PathOnHost = host, PathInContainer = container, CgroupPermissions = permissions };
    }

    private static Ulimit Limit(string text)
    {
        var (name, soft, hard) = DockerOptions.Limit(text);
        return new Ulimit { Name = name, Soft = soft, Hard = hard };
    }
}
