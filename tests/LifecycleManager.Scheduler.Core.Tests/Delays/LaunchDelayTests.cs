using LifecycleManager.Scheduler.Core.Delays;

namespace LifecycleManager.Scheduler.Core.Tests.Delays;

public sealed class LaunchDelayTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void Each_failure_waits_longer_by_the_factor_up_to_the_maximum()
    {
        var delay = default(LaunchDelay);
        var waits = new List<double>();
        for (var failure = 0; failure < 6; failure++)
        {
            delay = Failed(delay, ran: null);
            waits.Add(delay.Current.TotalSeconds);
            Assert.Equal(Now + delay.Current, delay.Until);
        }

        Assert.Equal([1, 2, 4, 8, 10, 10], waits);
    }

    [Theory]
    [InlineData(59, 8)]
    [InlineData(60, 1)]
    public void An_instance_that_has_run_for_a_minute_was_no_crash_loop(int ran, double expected) => Assert.Equal(
        expected, Failed(new LaunchDelay(TimeSpan.FromSeconds(4), Now), TimeSpan.FromSeconds(ran)).Current.TotalSeconds);

    [Fact]
    public void Nor_is_one_that_has_run_for_no_longer_than_it_was_waited_for() => Assert.Equal(
        TimeSpan.FromHours(1),
        new LaunchDelay(TimeSpan.FromMinutes(30), Now)
            .Failed(TimeSpan.FromSeconds(1), 2, TimeSpan.FromHours(1), TimeSpan.FromMinutes(29), Now).Current);

    [Fact]
    public void A_factor_below_one_does_not_shorten_it() => Assert.Equal(
        TimeSpan.FromSeconds(4),
        new LaunchDelay(TimeSpan.FromSeconds(4), Now)
            .Failed(TimeSpan.FromSeconds(1), 0.5, TimeSpan.FromHours(1), null, Now).Current);

    private static LaunchDelay Failed(LaunchDelay before, TimeSpan? ran) =>
        before.Failed(TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(10), ran, Now);
}
