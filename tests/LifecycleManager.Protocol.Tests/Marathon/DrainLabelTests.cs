using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Protocol.Tests.Marathon;

public sealed class DrainLabelTests
{
    [Theory]
    [InlineData("10", 10.0)]
    [InlineData("0.5", 0.5)]
    [InlineData("10s", 10.0)]
    [InlineData("1m30s", 90.0)]
    [InlineData("0", 0.0)]
    [InlineData("1h", 3600.0)]
    [InlineData("3601", null)]
    [InlineData("61m", null)]
    [InlineData("-1", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_time_of_an_hour_at_most_is_read(string? text, double? seconds)
    {
        Assert.Equal(seconds is not null, DrainLabel.TryParse(text, out var time));
        if (seconds is { } expected) Assert.Equal(expected, time.TotalSeconds);
    }
}
