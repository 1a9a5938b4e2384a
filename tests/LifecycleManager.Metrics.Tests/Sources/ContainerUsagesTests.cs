using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Tests.Sources;

public sealed class ContainerUsagesTests
{
    private static readonly TargetSnapshot Targets = new(
        new Dictionary<string, TargetApp>(), [new Target("one", "/a", "host", [1], null, true)]);

    [Fact]
    public void Of_an_instance_the_newest_waits_with_the_highest_memory()
    {
        var usages = new ContainerUsages();
        usages.Want(true);
        usages.Add([Statistics("one", 1, 10, 900), Statistics("one", 2, 11, 100), Statistics("nobody", 1, 1, 1)], Targets);

        Assert.Equal([new ContainerUsage("/a", "one", 2, 11, 900)], usages.Take());
        Assert.Empty(usages.Take());
    }

    [Fact]
    public void Nothing_waits_for_nobody_nor_before_the_scheduler_has_answered()
    {
        var usages = new ContainerUsages();
        usages.Add([Statistics("one", 1, 10, 900)], Targets);
        usages.Want(true);
        usages.Add([Statistics("one", 1, 10, 900), Statistics("one", double.NaN, 10, 900)], null);
        usages.Add([Statistics("one", double.NaN, 10, 900)], Targets);

        Assert.Empty(usages.Take());
    }

    private static AgentStatistics Statistics(string task, double at, double cpu, double memory) =>
        new(task, at, cpu, 1, memory, 1_000, 0, 0);
}
