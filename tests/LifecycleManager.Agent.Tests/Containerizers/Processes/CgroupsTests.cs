using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Agent.Tests.Containerizers.Processes;

/// <summary>Both versions on a directory that stands for the kernel's.</summary>
public sealed class CgroupsTests : IDisposable
{
    private static readonly TaskLimits Limits = new(Cpus: 0.5, CpuShares: 512, MemoryBytes: 64 << 20, Pids: 100);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Control_groups_are_found_in_both_versions()
    {
        var mounts = CgroupMounts.Parse("""
            30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
            31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
            """);

        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct", mounts.Controllers["cpu"]);
        Assert.Equal("/sys/fs/cgroup/memory", mounts.Controllers["memory"]);
        Assert.Equal("/sys/fs/cgroup/unified", mounts.Unified);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Version_2_has_one_directory_with_weight_quota_and_a_limit_without_swap(bool quota)
    {
        var groups = new Cgroups(unified: true, new() { [""] = _directory.Path }, quota);
        Assert.Equal([At("c")], groups.Create("c", Limits));
        Assert.Equal("20", Read("c/cpu.weight"));
        Assert.Equal(quota ? "50000 100000" : null, Read("c/cpu.max"));
        Assert.Equal("67108864", Read("c/memory.max"));
        Assert.Equal("0", Read("c/memory.swap.max"));
        Assert.Equal("1", Read("c/memory.oom.group"));
    }

    [Theory]
    [InlineData(2, "1")]
    [InlineData(1024, "39")]
    [InlineData(262_144, "10000")]
    [InlineData(1_000_000, "10000")]
    public void Shares_become_weights_as_the_OCI_runtimes_map_them(long shares, string weight)
    {
        new Cgroups(unified: true, new() { [""] = _directory.Path }, quota: false)
            .Create("c", Limits with { CpuShares = shares, MemoryBytes = 0 });
        Assert.Equal(weight, Read("c/cpu.weight"));
        Assert.Null(Read("c/memory.max"));
    }

    [Fact]
    public void Version_2_tells_use_processes_and_ends_for_memory()
    {
        var groups = new Cgroups(unified: true, new() { [""] = _directory.Path }, quota: false);
        groups.Create("c", Limits);
        Write("c/cpu.stat",
            "usage_usec 3500000\nuser_usec 2500000\nsystem_usec 1000000\nnr_periods 9\nnr_throttled 4\nthrottled_usec 1500000\n");
        Write("c/memory.stat", "anon 1048576\nfile 4096\nanon_thp 7\n");
        Write("c/memory.current", "2097152\n");
        Write("c/memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 1\n");
        Write("c/cgroup.procs", "12\n34\n");
        var usage = groups.Usage("c", DateTimeOffset.UnixEpoch)!;
        Assert.Equal((2.5, 1.0, 4, 1.5), (usage.CpuUser, usage.CpuSystem, usage.Throttled, usage.ThrottledSeconds));
        Assert.Equal((1048576L, 2097152L, 67108864L, 2),
            (usage.MemoryRss, usage.MemoryTotal, usage.MemoryLimit, usage.Processes));
        Assert.Equal(1, groups.OutOfMemoryKills("c"));
        Assert.Equal([12, 34], groups.Processes("c").Order());

        Write("c/memory.max", "max\n");
        Assert.Null(groups.Usage("c", DateTimeOffset.UnixEpoch)!.MemoryLimit);
        Assert.Equal(0, groups.OutOfMemoryKills("another"));
    }

    [Fact]
    public void Version_1_has_a_directory_for_each_controller()
    {
        Dictionary<string, string> roots = new[] { "cpu", "cpuacct", "memory" }.ToDictionary(name => name, At);
        var groups = new Cgroups(unified: false, roots, quota: true);
        Assert.Equal([At("cpu/c"), At("cpuacct/c"), At("memory/c")], groups.Create("c", Limits));
        Assert.Equal(("512", "100000", "50000"), (Read("cpu/c/cpu.shares"), Read("cpu/c/cpu.cfs_period_us"),
            Read("cpu/c/cpu.cfs_quota_us")));
        Assert.Equal("67108864", Read("memory/c/memory.limit_in_bytes"));
        Write("memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
        Assert.Equal(3, groups.OutOfMemoryKills("c"));
        Write("memory/c/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Null(groups.Usage("c", DateTimeOffset.UnixEpoch)!.MemoryLimit);
    }

    [Fact]
    public void Where_the_controllers_are_not_delegated_there_are_no_limits_and_the_log_says_so()
    {
        var log = new ConcurrentLog();
        var groups = Cgroups.Detect("lcm", quota: false, log,
            $"32 24 0:28 / {_directory.Path} rw - cgroup2 cgroup2 rw,nsdelegate");
        Assert.False(groups.Available);
        Assert.Contains(log.Lines, line => line.Contains("does not delegate", StringComparison.Ordinal));
        Assert.Empty(groups.Create("c", Limits));
        Assert.Null(groups.Usage("c", DateTimeOffset.UnixEpoch));
        Assert.False(Cgroups.Detect("lcm", quota: false, NullLogger.Instance, "").Available);
    }

    [Fact]
    public void Groups_are_found_by_the_beginning_of_their_names_whether_or_not_limits_are_permitted()
    {
        string[] groups = ["cpu/lcm/home.a", "memory/lcm/home.a", "memory/lcm/home.b", "memory/lcm/other.c"];
        foreach (var group in groups) Directory.CreateDirectory(At(group));
        var mounts = string.Join('\n',
            new[] { "cpu", "memory" }.Select(name => $"32 24 0:28 / {At(name)} rw - cgroup cgroup rw,{name}"));
        Assert.Equal(["home.a", "home.b"], Cgroups.Find("lcm", "home.", mounts).Order());
        Assert.Empty(Cgroups.Find("none", "home.", mounts));
        Assert.Empty(Cgroups.Find("lcm", "home.", ""));
    }

    private string At(string path) => Path.Combine(_directory.Path, path);

    private string? Read(string path) => File.Exists(At(path)) ? File.ReadAllText(At(path)) : null;

    private void Write(string path, string text) => File.WriteAllText(At(path), text);
}
