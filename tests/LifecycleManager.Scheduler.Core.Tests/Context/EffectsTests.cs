using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Tests.Context;

public sealed class EffectsTests
{
    [Fact]
    public void Those_of_several_inputs_are_written_at_once_the_newest_value_of_each_key_and_sent_in_order()
    {
        var (first, second) = (new Effects(), new Effects());
        Assert.True(first.AreNone);
        first.Put("one", [1]);
        first.Put("both", [1]);
        first.Put("gone", [1]);
        first.Calls.Add(new SchedulerCall { Type = CallType.Revive });
        second.Put("both", [2]);
        second.Delete("gone");
        second.Calls.Add(new SchedulerCall { Type = CallType.Suppress });
        second.Counts.Add(new LaunchCounted(new AppId("/web")));

        first.Add(second);

        Assert.Equal(
            ["both 2", "gone -", "one 1"],
            first.Writes.OrderBy(write => write.Key, StringComparer.Ordinal)
                .Select(write => $"{write.Key} {(write.Value is { } value ? value.Span[0].ToString() : "-")}"));
        Assert.Equal([CallType.Revive, CallType.Suppress], first.Calls.Select(call => call.Type));
        Assert.Equal(new LaunchCounted(new AppId("/web")), Assert.Single(first.Counts));
        Assert.False(first.AreNone);
    }

    [Fact]
    public void One_of_any_kind_is_something()
    {
        foreach (var add in new Action<Effects>[]
        {
            effects => effects.Delete("key"), effects => effects.Replies.Add(() => { }),
            effects => effects.Watches.Add(new WatchOrder("task", null, null)),
            effects => effects.Counts.Add(new DeploymentCounted(DeploymentCounted.Success)),
            effects => effects.Calls.Add(new SchedulerCall { Type = CallType.Revive }),
        })
        {
            var effects = new Effects();
            add(effects);
            Assert.False(effects.AreNone);
        }
    }
}
