using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Rules;

public sealed class DueTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_two_the_earlier_counts_by_each_clock()
    {
        var wait = Due.Never with { Steady = Now.AddSeconds(5) };
        var schedule = Due.Never with { Wall = Now.AddHours(1) };
        Assert.Equal(new Due(Now.AddSeconds(5), Now.AddHours(1)), wait.And(schedule));
        Assert.Equal(wait, wait.And(Due.Never with { Steady = Now.AddSeconds(6) }));
        Assert.Equal(wait, wait.And(Due.Never));
        Assert.Equal(Due.Now, Due.Now.And(wait));
    }
}
