using System.Text;
using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.ZooKeeper;
using LifecycleManager.Storage.ZooKeeper.Wire;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

/// <summary>Who leads, by what a real ZooKeeper holds.</summary>
public sealed class LeaderDirectoryTests
{
    private const string Prefix = "json.info_";

    [Fact]
    public async Task Nobody_leads_then_ours_then_whoever_comes_after_it()
    {
        await using var state = new ZooKeeperTestState();
        var directory = new LeaderDirectory(state.Address, null, TimeProvider.System);
        var (none, nodes) = await directory.LookAsync("master", Prefix, CancellationToken.None);
        Assert.Null(none);
        Assert.Empty(nodes);

        await using var backend = await StateBackend.OpenAsync(
            state.Address, null, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var first = await backend.Election.StandAsync("master", "https://a:5050");
        var second = backend.Election.StandAsync("master", "https://b:5050");
        Assert.Equal("https://a:5050", (await directory.LookAsync("master", Prefix, CancellationToken.None)).Leader);
        Assert.Null((await directory.LookAsync("scheduler", Prefix, CancellationToken.None)).Leader);
        await first.DisposeAsync();
        await using (await second)
            Assert.Equal("https://b:5050", (await directory.LookAsync("master", Prefix, CancellationToken.None)).Leader);
    }

    [Fact]
    public async Task Nodes_of_others_come_with_the_lowest_number_first_and_other_nodes_not_at_all()
    {
        await using var state = new ZooKeeperTestState();
        var (host, port) = state.Server;
        await using var others = new ZooKeeperClient(
            new ZooKeeperOptions([(host, port)], new Uri(state.Address).AbsolutePath, TimeSpan.FromSeconds(3),
                TimeSpan.FromSeconds(10), null),
            TimeProvider.System, NullLogger.Instance);
        await others.EnsureAsync("/");
        foreach (var (name, text) in ((string, string)[])[
            ("json.info_0000000012", "third"), ("json.info_0000000003", "second"), ("json.info_0000000002", "first"),
            ("info_0000000001", "protobuf"), ("json.info_", "no number"), ("json.info_000000000x", "no number"),
            ("log_replicas", "else")])
            await others.CreateAsync(new CreateNode("/" + name, Encoding.UTF8.GetBytes(text)));
        var (leader, nodes) = await new LeaderDirectory(state.Address, null, TimeProvider.System)
            .LookAsync("master", Prefix, CancellationToken.None);
        Assert.Null(leader);
        Assert.Equal(["first", "second", "third"], nodes.Select(node => Encoding.UTF8.GetString(node)));
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_with_its_address()
    {
        var port = Server.FreePort();
        var directory = new LeaderDirectory($"zk://127.0.0.1:{port}/mesos", null, TimeProvider.System);
        var problem = await Assert.ThrowsAsync<StateUnavailableException>(
            () => directory.LookAsync("master", Prefix, CancellationToken.None));
        Assert.Contains($"127.0.0.1:{port}", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u@h/d")]
    [InlineData("zk://u:secret@h/mesos")]
    [InlineData("zk://user@h/mesos")]
    [InlineData("zk://h:0/mesos")]
    [InlineData("zk://h/a//b")]
    public void An_address_that_is_none_is_refused(string address) =>
        Assert.Throws<ArgumentException>(() => new LeaderDirectory(address, null, TimeProvider.System));

    [Fact]
    public void Each_server_is_named_with_the_path() => Assert.Equal(
        ["zk://a:2181/mesos", "zk://b:2182/mesos"],
        new LeaderDirectory("zk://a,b:2182/mesos", null, TimeProvider.System).Servers.Select(server => $"{server}"));
}
