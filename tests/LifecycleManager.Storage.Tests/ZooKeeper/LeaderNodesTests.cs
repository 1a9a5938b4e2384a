using System.Text;
using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.ZooKeeper;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

/// <summary>What others read to find a leader: there while it leads, and gone when the next one does.</summary>
public sealed class LeaderNodesTests
{
    private const string Prefix = "json.info_";

    [Fact]
    public async Task A_leader_is_shown_while_it_leads_and_the_next_one_after_it()
    {
        await using var state = new ZooKeeperTestState();
        await using var first = await OpenAsync(state.Address);
        await using var second = await OpenAsync(state.Address);
        var (host, port) = state.Server;
        await using var reader = new ZooKeeperClient(
            new ZooKeeperOptions([(host, port)], new Uri(state.Address).AbsolutePath, TimeSpan.FromSeconds(3),
                TimeSpan.FromSeconds(10), null),
            TimeProvider.System, NullLogger.Instance);
        var leads = await first.Election.StandAsync("master", "http://a");
        await AnnounceAsync(first, leads, "a");
        var next = second.Election.StandAsync("master", "http://b");
        Assert.Equal(["a"], await ShownAsync(reader));
        await leads.DisposeAsync();
        await using var then = await next;
        Assert.Empty(await ShownAsync(reader));
        await AnnounceAsync(second, then, "b");
        Assert.Equal(["b"], await ShownAsync(reader));

        // Nothing is shown for a leadership that has ended.
        await AnnounceAsync(first, leads, "late");
        Assert.Equal(["b"], await ShownAsync(reader));
    }

    private static Task<StateBackend> OpenAsync(string address) =>
        StateBackend.OpenAsync(address, null, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

    private static Task AnnounceAsync(StateBackend backend, ILeadership leadership, string text) =>
        ((ILeaderAnnouncer)backend.Election).AnnounceAsync(leadership, Prefix, Encoding.UTF8.GetBytes(text));

    private static async Task<List<string>> ShownAsync(ZooKeeperClient client)
    {
        await client.SyncAsync();
        var shown = new List<string>();
        foreach (var name in (await client.GetChildrenAsync("/")).Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order())
        {
            Assert.Matches("^json\\.info_[0-9]{10}$", name);
            shown.Add(Encoding.UTF8.GetString((await client.GetDataAsync($"/{name}"))!.Value.Data));
        }

        return shown;
    }
}
