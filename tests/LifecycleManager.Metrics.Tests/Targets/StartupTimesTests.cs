using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Tests.Targets;

public sealed class StartupTimesTests
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);
    private readonly StartupTimes _times = new();

    [Fact]
    public void The_policy_goes_before_the_label_and_both_before_what_is_learnt()
    {
        Assert.Equal((Usual, StartupSource.Usual), Now());
        _times.Learn(TimeSpan.FromSeconds(12));
        Assert.Equal((TimeSpan.FromSeconds(12), StartupSource.Learnt), Now());
        _times.Say(null, TimeSpan.FromSeconds(5));
        Assert.Equal((TimeSpan.FromSeconds(5), StartupSource.Label), Now());
        _times.Say(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(5));
        Assert.Equal((TimeSpan.FromSeconds(7), StartupSource.Policy), Now());
        _times.Say(null, null);
        Assert.Equal((TimeSpan.FromSeconds(12), StartupSource.Learnt), Now());
    }

    [Fact]
    public void Nine_of_the_last_ten_starts_were_over_by_then()
    {
        for (var second = 1; second <= 100; second++) _times.Learn(TimeSpan.FromSeconds(second));

        // The last twenty: 81 to 100.
        Assert.Equal((TimeSpan.FromSeconds(98), StartupSource.Learnt), Now());
    }

    [Fact]
    public void What_no_start_takes_teaches_nothing()
    {
        _times.Learn(TimeSpan.FromSeconds(-1));
        _times.Learn(StartupTimes.Longest + TimeSpan.FromSeconds(1));
        Assert.Equal((Usual, StartupSource.Usual), Now());
    }

    private (TimeSpan Time, StartupSource Source) Now()
    {
        var now = _times.Of(Usual);
        return (now.Time, now.Source);
    }
}
