using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Tests.Instances;

public sealed class TaskIdsTests
{
    private static readonly Guid Unique = new("11111111-2222-3333-4444-555555555555");

    [Fact]
    public void An_apps_task_is_named_as_by_marathon_and_leads_back()
    {
        var id = TaskIds.Make(new AppId("/shop/web"), Unique);
        Assert.Equal("shop_web.instance-11111111-2222-3333-4444-555555555555._app.1", id);
        Assert.Equal("shop_web.instance-11111111-2222-3333-4444-555555555555", TaskIds.InstanceOf(id));
        Assert.Equal("/shop/web", TaskIds.AppPathOf(id));
        Assert.True(TaskIds.IsOurs(id));
        Assert.Null(TaskIds.OfPod(id));
    }

    [Fact]
    public void An_instances_next_task_is_the_instances()
    {
        var first = TaskIds.Make(new AppId("/shop/web"), Unique);
        var tenth = Enumerable.Range(0, 9).Aggregate(first, (id, _) => TaskIds.Next(id));
        Assert.Equal("shop_web.instance-11111111-2222-3333-4444-555555555555._app.10", tenth);
        Assert.Equal(TaskIds.InstanceOf(first), TaskIds.InstanceOf(tenth));
        Assert.True(TaskIds.IsOurs(tenth));
        Assert.Null(TaskIds.OfPod(tenth));
        Assert.Equal("/shop/web", TaskIds.AppPathOf(tenth));
    }

    [Fact]
    public void A_pods_task_is_of_an_instance_and_a_container()
    {
        var instance = TaskIds.MakePod(new AppId("/pair"), Unique);
        Assert.Equal((instance, "web"), TaskIds.OfPod(instance + ".web"));
        Assert.False(TaskIds.IsOurs(instance + ".web"));
    }

    [Theory]
    [InlineData("somebody-elses")]
    [InlineData("web.1._app.1")]
    [InlineData("web.instance-1._app.0")]
    [InlineData("web.instance-1._app.x")]
    [InlineData("web.instance-1._app.99999999999")]
    [InlineData("")]
    public void Another_frameworks_is_not_ours(string id) => Assert.False(TaskIds.IsOurs(id));

    [Fact]
    public void What_has_ended_for_mesos_has_ended_and_every_state_has_a_name()
    {
        foreach (var state in Enum.GetValues<TaskState>())
        {
            var ours = InstanceStates.From(state);
            Assert.True(ours.IsTerminal() || !state.IsTerminal(), $"{state} is {ours}");
            Assert.StartsWith("TASK_", ours.MesosName(), StringComparison.Ordinal);
        }
    }
}
