using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Deployments;

public sealed class KillOrderTests
{
    [Fact]
    public void The_silent_the_unhealthy_and_the_unborn_end_before_any_that_runs()
    {
        InstanceView[] views = [View("running", 4, 9), View("unborn", 2, 1), View("silent", 0, 2), View("unhealthy", 1, 3)];

        Assert.Equal(["silent", "unhealthy", "unborn"], Choose(views, 3, KillSelection.YoungestFirst));
    }

    [Fact]
    public void Among_those_that_run_age_decides()
    {
        InstanceView[] views = [View("old", 4, 1), View("young", 4, 3), View("middle", 4, 2)];

        Assert.Equal(["young", "middle"], Choose(views, 2, KillSelection.YoungestFirst));
        Assert.Equal(["old", "middle"], Choose(views, 2, KillSelection.OldestFirst));
    }

    [Fact]
    public void Groups_of_a_spreading_constraint_stay_even()
    {
        InstanceView[] views =
        [
            View("a1", 4, 1, "a"), View("a2", 4, 2, "a"), View("a3", 4, 3, "a"), View("b1", 4, 9, "b"),
        ];

        Assert.Equal(["a3", "a2"], Choose(views, 2, KillSelection.YoungestFirst));
    }

    private static IEnumerable<string> Choose(InstanceView[] views, int count, KillSelection selection) =>
        KillOrder.Choose(views, count, selection).Select(view => view.TaskId);

    private static InstanceView View(string id, int rank, int age, string? group = null) => new(
        id, true, true, true, rank == 4, rank < 3, rank, new ClockReading(DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(age)),
        group);
}
