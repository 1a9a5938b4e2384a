using System.Globalization;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>
/// Control groups for process tasks, version 1 or 2, one group a container below a common root. Where they are not
/// permitted every task runs without limits, and the log says so once.
/// </summary>
internal sealed class Cgroups
{
    private const string Pids = "pids";
    private static readonly string[] Needed = ["cpu", "memory"];
    private readonly Dictionary<string, string> _roots;
    private const string WithoutPids = "Process tasks run without a limit of processes: the machine has no such control group";
    private readonly bool _quota;

    internal Cgroups(bool unified, Dictionary<string, string> roots, bool quota) =>
        (Unified, _roots, _quota) = (unified, roots, quota);

    /// <summary>Whether it is version 2.</summary>
    public bool Unified { get; }

    /// <summary>Whether limits are in force.</summary>
    public bool Available => _roots.Count > 0;

    /// <summary>Finds what the machine permits.</summary>
    /// <param name="name">The common root's name.</param>
    /// <param name="quota">Whether cpus are a hard limit.</param>
    /// <param name="log">Told when nothing is permitted.</param>
    /// <param name="mounts">The content of <c>/proc/self/mountinfo</c>.</param>
    public static Cgroups Detect(string name, bool quota, ILogger log, string? mounts = null)
    {
        try
        {
            var found = CgroupMounts.Parse(mounts ?? File.ReadAllText("/proc/self/mountinfo"));
            if (Needed.All(found.Controllers.ContainsKey))
            {
                var roots = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var controller in new[] { "cpu", "cpuacct", "memory", Pids })
                {
                    if (!found.Controllers.TryGetValue(controller, out var mount)) continue;
                    Directory.CreateDirectory(Path.Combine(mount, name));
                    roots[controller] = Path.Combine(mount, name);
                }

                if (!roots.ContainsKey(Pids)) log.LogWarning(WithoutPids);
                return new Cgroups(unified: false, roots, quota);
            }

            if (found.Unified is { } root)
            {
                var own = Path.Combine(root, name);
                Directory.CreateDirectory(own);
                Enable(root);
                Enable(own);
                var controllers = File.ReadAllText(Path.Combine(own, "cgroup.subtree_control")).Split();
                if (Needed.All(controllers.Contains))
                {
                    if (!controllers.Contains(Pids)) log.LogWarning(WithoutPids);
                    return new Cgroups(unified: true, new() { [""] = own }, quota);
                }

                log.LogWarning("Process tasks run without cpu and memory limits: {Root} does not delegate them", root);
                return None;
            }

            log.LogWarning("Process tasks run without cpu and memory limits: no control groups are mounted");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Process tasks run without cpu and memory limits: control groups are not permitted ({Reason})",
                e.Message);
        }

        return None;
    }

    /// <summary>No limits.</summary>
    public static Cgroups None => new(unified: false, [], quota: false);

    /// <summary>
    /// The groups below a common root whose names begin so, whether or not limits are permitted; makes nothing.
    /// </summary>
    /// <param name="name">The common root's name.</param>
    /// <param name="prefix">How the names begin.</param>
    /// <param name="mounts">The content of <c>/proc/self/mountinfo</c>.</param>
    public static IReadOnlyCollection<string> Find(string name, string prefix, string? mounts = null)
    {
        try
        {
            var found = CgroupMounts.Parse(mounts ?? File.ReadAllText("/proc/self/mountinfo"));
            return [.. found.Controllers.Values.Append(found.Unified).OfType<string>().Distinct()
                .Select(mount => Path.Combine(mount, name)).Where(Directory.Exists)
                .SelectMany(root => Directory.EnumerateDirectories(root, prefix + "*"))
                .Select(path => Path.GetFileName(path)).Distinct()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whether there is a group of this name.</summary>
    public bool Exists(string group) => Directories(group).Any(Directory.Exists);

    /// <summary>Makes a container's groups with its limits.</summary>
    /// <returns>The directories that its first process joins.</returns>
    /// <exception cref="IOException">A limit cannot be set.</exception>
    public IReadOnlyList<string> Create(string group, TaskLimits limits)
    {
        if (!Available) return [];
        foreach (var root in _roots.Values) Directory.CreateDirectory(Path.Combine(root, group));
        if (limits.Pids > 0) SetPids(group, limits.Pids);
        if (Unified)
        {
            // Shares of 2 to 262144 as weights of 1 to 10000, as the OCI runtimes map them.
            var weight = 1 + ((Math.Min(limits.CpuShares, 262_144) - 2) * 9999 / 262_142);
            Set("", group, "cpu.weight", weight);
            if (_quota) Set("", group, "cpu.max", $"{limits.CpuQuota} {TaskLimits.CpuPeriod}");
            if (limits.LimitsMemory)
            {
                Set("", group, "memory.max", limits.MemoryBytes);
                TrySet("", group, "memory.swap.max", "0");
                // All of a task ends for its memory, not the one process that the kernel picks.
                TrySet("", group, "memory.oom.group", "1");
            }
        }
        else
        {
            Set("cpu", group, "cpu.shares", limits.CpuShares);
            if (_quota)
            {
                Set("cpu", group, "cpu.cfs_period_us", TaskLimits.CpuPeriod);
                Set("cpu", group, "cpu.cfs_quota_us", limits.CpuQuota);
            }

            if (limits.LimitsMemory)
            {
                Set("memory", group, "memory.limit_in_bytes", limits.MemoryBytes);
                TrySet("memory", group, "memory.memsw.limit_in_bytes", $"{limits.MemoryBytes}");
            }
        }

        return Directories(group);
    }

    /// <summary>The directories of a container that are there, for what joins it later.</summary>
    public IReadOnlyList<string> Existing(string group) => [.. Directories(group).Where(Directory.Exists)];

    /// <summary>The processes of a container.</summary>
    public IReadOnlyCollection<int> Processes(string group)
    {
        var pids = new HashSet<int>();
        foreach (var directory in Directories(group))
        {
            foreach (var line in Lines(Path.Combine(directory, "cgroup.procs")))
            {
                if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0) pids.Add(pid);
            }
        }

        return pids;
    }

    /// <summary>How many of a container's processes the kernel has killed for its memory limit.</summary>
    public long OutOfMemoryKills(string group) => Unified
        ? Value("", group, "memory.events", "oom_kill") ?? 0
        : Value("memory", group, "memory.oom_control", "oom_kill") ?? 0;

    /// <summary>What a container uses; null without control groups.</summary>
    public ContainerStatistics? Usage(string group, DateTimeOffset now)
    {
        if (!Available) return null;
        if (Unified)
        {
            return new ContainerStatistics
            {
                Time = now,
                CpuUser = Value("", group, "cpu.stat", "user_usec") / 1e6,
                CpuSystem = Value("", group, "cpu.stat", "system_usec") / 1e6,
                Throttled = Value("", group, "cpu.stat", "nr_throttled"),
                ThrottledSeconds = Value("", group, "cpu.stat", "throttled_usec") / 1e6,
                MemoryRss = Value("", group, "memory.stat", "anon"),
                MemoryTotal = Value("", group, "memory.current", null),
                MemoryLimit = Value("", group, "memory.max", null),
                Processes = Processes(group).Count,
            };
        }

        var limit = Value("memory", group, "memory.limit_in_bytes", null);
        return new ContainerStatistics
        {
            Time = now,
            CpuUser = Value("cpuacct", group, "cpuacct.stat", "user") / ProcessTable.TicksPerSecond,
            CpuSystem = Value("cpuacct", group, "cpuacct.stat", "system") / ProcessTable.TicksPerSecond,
            Throttled = Value("cpu", group, "cpu.stat", "nr_throttled"),
            ThrottledSeconds = Value("cpu", group, "cpu.stat", "throttled_time") / 1e9,
            MemoryRss = Value("memory", group, "memory.stat", "rss"),
            MemoryTotal = Value("memory", group, "memory.usage_in_bytes", null),
            // Without a limit the kernel shows the largest number of pages.
            MemoryLimit = limit > 1L << 60 ? null : limit,
            Processes = Processes(group).Count,
        };
    }

    /// <summary>Removes a container's groups; those with processes stay.</summary>
    public void Remove(string group)
    {
        foreach (var directory in Directories(group))
        {
            try
            {
                if (Directory.Exists(directory)) Directory.Delete(directory);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A process that is still ending holds it; the next removal finds it empty.
            }
        }
    }

    private string[] Directories(string group) => [.. _roots.Values.Select(root => Path.Combine(root, group))];

    private static void Enable(string group)
    {
        foreach (var controller in new[] { "cpu", "memory", Pids })
        {
            try
            {
                File.WriteAllText(Path.Combine(group, "cgroup.subtree_control"), "+" + controller);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What counts is what is enabled in the end.
            }
        }
    }

    private void Set(string controller, string group, string file, object value) => File.WriteAllText(
        Path.Combine(_roots[controller], group, file), string.Create(CultureInfo.InvariantCulture, $"{value}"));

    // Where there is no such controller, its absence was told when the groups were looked for.
    private void SetPids(string group, int pids)
    {
        if (!Unified && !_roots.ContainsKey(Pids)) return;
        TrySet(Unified ? "" : Pids, group, "pids.max", string.Create(CultureInfo.InvariantCulture, $"{pids}"));
    }

    // Kernels without swap accounting lack the file.
    private void TrySet(string controller, string group, string file, string value)
    {
        try
        {
            Set(controller, group, file, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The limit proper is set.
        }
    }

    private long? Value(string controller, string group, string file, string? key)
    {
        if (!_roots.TryGetValue(controller, out var root)) return null;
        foreach (var line in Lines(Path.Combine(root, group, file)))
        {
            var value = key is null ? line : line.StartsWith(key + " ", StringComparison.Ordinal)
                ? line[(key.Length + 1)..] : null;
            if (value is not null)
                return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        }

        return null;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

/// <summary>Where control groups are mounted.</summary>
/// <param name="Controllers">Version 1: the mount of each controller.</param>
/// <param name="Unified">Version 2's mount; null when there is none.</param>
internal sealed record CgroupMounts(IReadOnlyDictionary<string, string> Controllers, string? Unified)
{
    /// <summary>Reads them from the text of <c>/proc/self/mountinfo</c>.</summary>
    public static CgroupMounts Parse(string mountInfo)
    {
        var controllers = new Dictionary<string, string>(StringComparer.Ordinal);
        string? unified = null;
        foreach (var line in mountInfo.Split('\n'))
        {
            // ... root mount-point options [optional fields] - type source super-options
            var halves = line.Split(" - ", 2);
            if (halves.Length != 2) continue;
            var mount = halves[0].Split(' ');
            var what = halves[1].Split(' ');
            if (mount.Length < 5 || what.Length < 3) continue;
            if (what[0] == "cgroup2") unified ??= mount[4];
            if (what[0] != "cgroup") continue;
            foreach (var controller in what[2].Split(',')) controllers.TryAdd(controller, mount[4]);
        }

        return new CgroupMounts(controllers, unified);
    }
}
