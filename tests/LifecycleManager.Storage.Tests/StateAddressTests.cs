namespace LifecycleManager.Storage.Tests;

public sealed class StateAddressTests
{
    [Fact]
    public void An_address_is_read_with_its_defaults()
    {
        var zooKeeper = StateAddress.Parse("zk://h1,h2:2182,[::1]:2183/a/b?session=4.5s");
        Assert.Equal([("h1", 2181), ("h2", 2182), ("::1", 2183)], zooKeeper.Servers);
        Assert.Equal("a/b", zooKeeper.Path);
        Assert.Equal(TimeSpan.FromSeconds(4.5), zooKeeper.Seconds("session", TimeSpan.Zero, TimeSpan.FromSeconds(1),
            TimeSpan.FromMinutes(1)));
        var postgres = StateAddress.Parse("postgres://l%40cm@db/lcm?sslmode=verify-full");
        Assert.Equal(("l@cm", "lcm"), (postgres.User, postgres.Path));
        Assert.Equal([("db", 5432)], postgres.Servers);
        Assert.Equal("/var/lib/lcm/a b?.db", StateAddress.Parse("sqlite:/var/lib/lcm/a b?.db").Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/var/lib/state.db")]
    [InlineData("sqlite:")]
    [InlineData("mysql://db")]
    [InlineData("postgres:db")]
    [InlineData("postgres://")]
    [InlineData("postgres://db:0/lcm")]
    [InlineData("postgres://db:x/lcm")]
    [InlineData("postgres://user:secret@db/lcm")]
    [InlineData("postgres://db/lcm?password=secret")]
    [InlineData("zk://h1,,h2/lcm")]
    public void A_wrong_address_is_refused_without_repeating_it(string address)
    {
        var wrong = Assert.Throws<ArgumentException>(() => StateAddress.Parse(address));
        Assert.DoesNotContain("secret", wrong.Message);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("a", "b")]
    [InlineData("a/", "a0")]
    [InlineData("\uD7FF", "\uE000")]
    [InlineData("a\U0010FFFF", "b")]
    [InlineData("\U0010FFFF", null)]
    public void Every_prefix_has_a_string_after_all_that_start_with_it(string prefix, string? after) =>
        Assert.Equal(after, StateKeys.After(prefix));
}
