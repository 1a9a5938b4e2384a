using LifecycleManager.Agent.Garbage;
using LifecycleManager.Agent.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Garbage;

public sealed class SandboxCollectorTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_fuller_the_disk_the_sooner()
    {
        var week = TimeSpan.FromDays(7);

        Assert.Equal(week * 0.9, SandboxCollector.MaxAge(week, 0.1, 0));
        Assert.Equal(0.4, SandboxCollector.MaxAge(week, 0.1, 0.5) / week, 6);
        Assert.Equal(TimeSpan.Zero, SandboxCollector.MaxAge(week, 0.1, 0.95));
    }

    [Fact]
    public void Old_sandboxes_of_ended_tasks_go_and_no_other_and_no_link_is_followed()
    {
        var precious = Path.Combine(_directory.Path, "precious");
        Directory.CreateDirectory(precious);
        File.WriteAllText(Path.Combine(precious, "file"), "x");
        var root = Path.Combine(_directory.Path, "slaves");
        var (old, young, live) = (Make(root, "t1", "old", 10), Make(root, "t1", "young", 1), Make(root, "t2", "live", 10));
        var alone = Make(root, "t3", "alone", 10);
        Directory.CreateSymbolicLink(Path.Combine(old, "link"), precious);
        Directory.SetLastWriteTimeUtc(old, (Now - TimeSpan.FromHours(10)).UtcDateTime);

        Directory.Move(young, young + ".later");
        var collector = new SandboxCollector(root, NullLogger.Instance);
        var time = new FakeTimeProvider(Now);
        var ages = new AgeTable(Path.Combine(_directory.Path, "ages.json"), time);
        // What is seen for the first time has just ended, whatever its files' times say.
        Assert.Equal(0, collector.Collect(TimeSpan.Zero, ages, id => id == "live"));
        Directory.Move(young + ".later", young);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, collector.Collect(TimeSpan.FromHours(5), ages, id => id == "live"));
        ages.Save();
        time.Advance(TimeSpan.FromHours(4.5));
        ages = new AgeTable(Path.Combine(_directory.Path, "ages.json"), time);
        Assert.Equal(0, collector.Collect(TimeSpan.FromHours(5), ages, id => id == "live"));
        time.Advance(TimeSpan.FromHours(4.5));

        var removed = collector.Collect(TimeSpan.FromHours(5), ages, id => id == "live");

        Assert.Equal(2, removed);
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(young));
        Assert.True(Directory.Exists(live));
        // The task's own directory goes with its last run.
        Assert.False(Directory.Exists(Path.Combine(root, "a/frameworks/f/executors/t3")));
        Assert.False(Directory.Exists(alone));
        Assert.True(File.Exists(Path.Combine(precious, "file")));
    }

    private static string Make(string root, string task, string container, int hours)
    {
        var runs = Path.Combine(root, "a", "frameworks", "f", "executors", task, "runs");
        var run = Path.Combine(runs, container);
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "stdout"), "x");
        if (!Path.Exists(Path.Combine(runs, "latest"))) File.CreateSymbolicLink(Path.Combine(runs, "latest"), container);
        Directory.SetLastWriteTimeUtc(run, (Now - TimeSpan.FromHours(hours)).UtcDateTime);
        return run;
    }
}
