using System.Net;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security.Tests;

public sealed class AllowedHostsTests
{
    private readonly AllowedHosts _hosts = new("lcm.example.com", "*.shop.example", "m1.");

    [Theory]
    [InlineData("127.0.0.1:8080", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("[fe80::1]", true)]
    [InlineData("localhost:8080", true)]
    [InlineData("LocalHost", true)]
    [InlineData("console.localhost", true)]
    [InlineData("localhost.", true)]
    [InlineData("lcm.example.com:443", true)]
    [InlineData("LCM.Example.com.", true)]
    [InlineData("m1:5050", true)]
    [InlineData("a.shop.example", true)]
    [InlineData("a.b.SHOP.example:1", true)]
    [InlineData("", true)]
    [InlineData("2130706433", false)]
    [InlineData("0x7f.1", false)]
    [InlineData("evil.example:8080", false)]
    [InlineData("shop.example", false)]
    [InlineData("evilshop.example", false)]
    [InlineData("lcm.example.com.evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("notlocalhost", false)]
    [InlineData(".localhost.evil", false)]
    [InlineData("evil.example:localhost", false)]
    public void A_name_of_somebody_elses_choice_is_none_of_them(string host, bool allowed) =>
        Assert.Equal(allowed, _hosts.Allow(new HostString(host)));

    [Fact]
    public void The_machines_own_names_are_allowed() =>
        Assert.True(_hosts.Allow(new HostString(Dns.GetHostName().ToUpperInvariant(), 8080)));

    [Fact]
    public void A_star_allows_every_host() => Assert.True(new AllowedHosts("*").Allow(new HostString("evil.example")));

    [Theory]
    [InlineData("http://lcm.example.com")]
    [InlineData("lcm.example.com:8080")]
    [InlineData("a.*.example.com")]
    [InlineData("**")]
    [InlineData("")]
    [InlineData("a b")]
    public void What_can_be_no_name_is_refused(string name) => Assert.Throws<FormatException>(() => new AllowedHosts(name));
}
