namespace LifecycleManager.Master.Tests;

public sealed class RecentTimesTests
{
    [Fact]
    public void Without_a_time_all_are_zero()
    {
        Assert.All(new RecentTimes().All("x"), time => Assert.Equal(0, time.Value));
    }

    [Fact]
    public void The_last_thousand_are_summarized_and_all_are_counted()
    {
        var times = new RecentTimes();
        for (var i = 1; i <= 1500; i++) times.Add(TimeSpan.FromMilliseconds(i));
        var all = times.All("x").ToDictionary(time => time.Name, time => time.Value);
        Assert.Equal((1500.0, 1500.0, 501.0, 1500.0), (all["x"], all["x/count"], all["x/min"], all["x/max"]));
        Assert.Equal(501 + (0.5 * 999), all["x/p50"], 9);
        Assert.Equal(501 + (0.99 * 999), all["x/p99"], 9);
        Assert.True(all["x/p999"] < all["x/p9999"] && all["x/p9999"] < all["x/max"]);
    }
}
