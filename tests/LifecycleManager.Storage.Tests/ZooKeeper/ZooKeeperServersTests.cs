using LifecycleManager.Storage.Tests.Faults;
using LifecycleManager.Storage.ZooKeeper;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

/// <summary>Servers that go away, and others of the list that are there.</summary>
public sealed class ZooKeeperServersTests
{
    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_and_its_leadership_go_on_at_another_server_of_the_list(bool silent)
    {
        await using var state = new ZooKeeperTestState();
        await using var one = new FaultyProxy(state.Server.Host, state.Server.Port);
        await using var two = new FaultyProxy(state.Server.Host, state.Server.Port);
        await using var backend = await state.OpenAsync(state.AddressAt($"127.0.0.1:{one.Port},127.0.0.1", two.Port, term: 6));
        await using var admin = new ZooKeeperClient(
            ZooKeeperOptions.From(StateAddress.Parse(state.Address), null, Generous), TimeProvider.System, NullLogger.Instance);
        var leadership = await backend.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        var node = $"/elections/master/{Assert.Single(await admin.GetChildrenAsync("/elections/master"))}";
        var owner = (await admin.ExistsAsync(node))!.Value.EphemeralOwner;
        Assert.Equal(0, two.Accepted);
        if (silent)
        {
            one.Freeze();
        }
        else
        {
            one.Refuses = true;
            one.Cut();
        }

        await Eventually.TrueAsync(() => Task.FromResult(two.Accepted > 0));
        await backend.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], leadership.Fence);
        Assert.False(leadership.Lost.IsCancellationRequested);
        Assert.Equal(owner, (await admin.ExistsAsync(node))!.Value.EphemeralOwner);

        // The session that went on ends its own nodes.
        await backend.DisposeAsync();
        Assert.Null(await admin.ExistsAsync(node));
    }

    [Fact]
    public async Task A_server_killed_and_started_again_has_every_acknowledged_write_and_elects_anew()
    {
        await using var server = new ZooKeeperProcess();
        await server.StartAsync();
        await using var backend = await StateBackend.OpenAsync(
            $"zk://127.0.0.1:{server.Port}/lcm", null, TimeSpan.FromSeconds(3), TimeProvider.System, NullLoggerFactory.Instance,
            default);
        var leadership = await backend.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        var acknowledged = 0;
        var writing = Task.Run(async () =>
        {
            while (true)
            {
                await backend.Store.WriteAsync(
                    [new StateWrite($"k/{acknowledged + 1:D6}", new byte[] { 1 }, 0)], leadership.Fence);
                acknowledged++;
            }
        });
        await Eventually.TrueAsync(() => Task.FromResult(acknowledged > 50));
        await server.KillAsync();
        var end = await Assert.ThrowsAnyAsync<Exception>(() => writing.WaitAsync(Generous));
        Assert.True(end is WriteOutcomeUnknownException or StateUnavailableException, end.ToString());
        await Eventually.TrueAsync(() => Task.FromResult(leadership.Lost.IsCancellationRequested));
        await Assert.ThrowsAsync<StateUnavailableException>(() => backend.Store.GetAsync("k"));
        await server.StartAsync();
        var next = await backend.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        Assert.True(next.Fence.Token > leadership.Fence.Token);
        Assert.InRange(await backend.Store.ListAsync("k/").CountAsync(), acknowledged, acknowledged + 1);
        await Assert.ThrowsAsync<FencedException>(() =>
            backend.Store.WriteAsync([new StateWrite("k", new byte[] { 2 })], leadership.Fence));
    }
}
