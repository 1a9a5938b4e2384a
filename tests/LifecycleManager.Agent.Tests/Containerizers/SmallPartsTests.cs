using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Containerizers;

public sealed class SmallPartsTests
{
    [Theory]
    [InlineData("busybox", "busybox", "latest", "docker.io")]
    [InlineData("rajeshrv/search-service:1.0", "rajeshrv/search-service", "1.0", "docker.io")]
    [InlineData("localhost:5000/a/b", "localhost:5000/a/b", "latest", "localhost:5000")]
    [InlineData("r.example.com/a:2@sha256:abc", "r.example.com/a", "sha256:abc", "r.example.com")]
    public void An_images_name_has_parts(string name, string repository, string tag, string registry)
    {
        var image = ImageName.Parse(name);
        Assert.Equal((repository, tag, registry), (image.Repository, image.Tag, image.Registry));
    }

    [Fact]
    public void A_line_of_proc_is_read_whatever_the_programs_name()
    {
        var stat =
            ProcessStat.Parse(
                "42 (a) b (c) S 1 40 39 0 -1 4194560 1 2 3 4 55 66 7 8 20 0 1 0 987654 1000 12 18446744073709551615 1 1 0")!.Value;

        Assert.Equal((new ProcessIdentity(42, 987654), 39, 'S', 55UL, 66UL, 12L),
            (stat.Identity, stat.Session, stat.State, stat.UserTicks, stat.SystemTicks, stat.RssPages));
        Assert.Null(ProcessStat.Parse("42 nothing"));
    }

    [Fact]
    public void A_reused_pid_is_another_process()
    {
        var own = ProcessTable.Find(Environment.ProcessId)!.Value.Identity;

        Assert.True(ProcessTable.IsAlive(own));
        Assert.False(ProcessTable.IsAlive(own with { StartTime = own.StartTime + 1 }));
    }

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

    [Fact]
    public void The_first_argument_that_repeats_the_program_is_its_name()
    {
        Assert.Equal(["/bin/ls", "-l"],
            TaskCommandLine.Of(new CommandInfo { Shell = false, Value = "/bin/ls", Arguments = ["ls", "-l"] }));
        Assert.Equal(["/bin/ls", "-l"],
            TaskCommandLine.Of(new CommandInfo { Shell = false, Value = "/bin/ls", Arguments = ["-l"] }));
        Assert.Equal(["ls", "-l"], TaskCommandLine.Of(new CommandInfo { Shell = false, Arguments = ["ls", "-l"] }));
        Assert.Equal(["/bin/sh", "-c", "ls -l"], TaskCommandLine.Of(new CommandInfo { Value = "ls -l" }));
        Assert.Null(TaskCommandLine.Of(new CommandInfo { Shell = false }));
    }
}
