using BrownField.Actuator;
using Microsoft.Extensions.Time.Testing;

namespace BrownField.Tests;

public sealed class TransactionRateTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Over_a_minute_it_is_the_number_of_transactions()
    {
        var rate = new TransactionRate(TimeSpan.FromMinutes(1), _time);
        for (var i = 0; i < 12; i++) rate.Record();

        Assert.Equal(12, rate.PerMinute);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(12, rate.PerMinute);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, rate.PerMinute);
    }

    [Fact]
    public void A_shorter_window_is_scaled_to_a_minute_and_forgets_sooner()
    {
        var rate = new TransactionRate(TimeSpan.FromSeconds(10), _time);
        for (var i = 0; i < 20; i++) rate.Record();

        Assert.Equal(120, rate.PerMinute);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(0, rate.PerMinute);
    }

    [Fact]
    public void It_slides()
    {
        var rate = new TransactionRate(TimeSpan.FromMinutes(1), _time);
        for (var second = 0; second < 90; second++)
        {
            rate.Record();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        // One a second: the last of the sixty slots is the second that has just begun, still without a transaction.
        Assert.Equal(59, rate.PerMinute);
        _time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(0, rate.PerMinute);
    }
}
