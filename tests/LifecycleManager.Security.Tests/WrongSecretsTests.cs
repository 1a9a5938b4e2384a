using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Security.Tests;

public sealed class WrongSecretsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly WrongSecrets _wrong;

    public WrongSecretsTests() => _wrong = new WrongSecrets(_time);

    [Fact]
    public void Each_wrong_secret_waits_twice_as_long_as_the_one_before_up_to_five_seconds()
    {
        Assert.Equal([100, 200, 400, 800, 1600, 3200, 5000, 5000], Enumerable.Range(0, 8).Select(_ => Count("10.0.0.1")));
        Assert.Equal(100, Count("10.0.0.2"));
    }

    [Fact]
    public void Ten_minutes_without_a_wrong_one_are_a_new_beginning()
    {
        Count("10.0.0.1");
        _time.Advance(TimeSpan.FromMinutes(9.9));
        Assert.Equal(200, Count("10.0.0.1"));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(100, Count("10.0.0.1"));
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 200)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 100)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", 200)]
    [InlineData(null, null, 200)]
    public void A_network_of_ipv6_is_one_peer_and_a_mapped_address_the_one_that_it_maps(string? one, string? other, double second)
    {
        Count(one);
        Assert.Equal(second, Count(other));
    }

    [Fact]
    public void The_table_is_bounded_and_forgets_whoever_was_wrong_the_longest_ago()
    {
        for (var i = 0; i < 2 * WrongSecrets.MaxKnown; i++)
        {
            // One goes on all the while.
            Count("192.0.2.1");
            Count(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]).ToString());
        }

        Assert.Equal(WrongSecrets.MaxKnown, _wrong.Known);
        Assert.Equal(5000, Count("192.0.2.1"));
        Assert.Equal(100, Count("10.0.0.0"));
    }

    private double Count(string? address) => _wrong.Count(address is null ? null : IPAddress.Parse(address)).TotalMilliseconds;
}
