using System.Net;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Tests.Configuration;

public sealed class ValuesTests
{
    private static readonly Func<string, TimeSpan> Time = Values.Time(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    public void A_time_has_a_unit(string text, double milliseconds)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Time(text));
        Assert.Equal(Time(text), Time(DurationText.Format(Time(text))));
    }

    [Theory]
    [InlineData("10")]
    [InlineData("10 s")]
    [InlineData("-1s")]
    [InlineData("1ms")]
    [InlineData("2h")]
    [InlineData("")]
    public void A_time_without_a_unit_or_out_of_range_is_refused(string text) => Assert.Throws<FormatException>(() => Time(text));

    [Fact]
    public void Addresses_are_IP_addresses_or_well_known_words()
    {
        Assert.Equal(IPAddress.Loopback, Values.Address("localhost"));
        Assert.Equal(IPAddress.Any, Values.Address("*"));
        Assert.Throws<FormatException>(() => Values.Address("example"));
    }

    [Fact]
    public void Addresses_of_peers_are_http_and_may_be_several()
    {
        Assert.Equal([new Uri("http://a:5050"), new Uri("https://b")], Values.Urls("http://a:5050, https://b"));
        Assert.Throws<FormatException>(() => Values.Urls("a:5050"));
    }
}
