using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Primitives.Tests.Timing;

public sealed class SteadyTimeTests
{
    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void A_wall_clock_that_is_set_moves_no_steady_time(int hours)
    {
        var time = new SettableTime();
        var steady = new SteadyTime(time);
        var begin = steady.GetUtcNow();
        time.WallOffset += TimeSpan.FromHours(hours);
        time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(begin + TimeSpan.FromSeconds(7), steady.GetUtcNow());
    }
}
