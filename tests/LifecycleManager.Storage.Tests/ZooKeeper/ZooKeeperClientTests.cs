using System.Net;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using LifecycleManager.Storage.Tests.Children;
using LifecycleManager.Storage.Tests.Faults;
using LifecycleManager.Storage.ZooKeeper;
using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

/// <summary>What ZooKeeper and its protocol add to the contracts.</summary>
public sealed class ZooKeeperClientTests
{
    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Deleting_a_leaders_node_deposes_it()
    {
        await using var state = new ZooKeeperTestState();
        var (one, two) = (await state.OpenAsync(), await state.OpenAsync());
        var leadership = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        var waiting = two.Election.StandAsync("master", "http://two");
        await using var admin = Client(state.Address);
        var node = Assert.Single(await admin.GetChildrenAsync("/elections/master"),
            name => name.EndsWith("0000000000", StringComparison.Ordinal));
        await admin.DeleteAsync($"/elections/master/{node}");
        await waiting.WaitAsync(Generous);
        await Eventually.TrueAsync(() => Task.FromResult(leadership.Lost.IsCancellationRequested));
    }

    [Fact]
    public async Task A_thread_pool_without_a_free_thread_keeps_its_session_and_its_lead()
    {
        await using var state = new ZooKeeperTestState();

        // Longer than a busy machine keeps a thread, or the server's disk, waiting.
        await using var busy = new ChildProcess(
            "child-busy", state.AddressAt(state.Server.Host, state.Server.Port, term: 6), "14");
        Assert.Equal("", await busy.NextAsync("kept"));
    }

    [Fact]
    public async Task What_a_transaction_can_hold_is_written_and_more_is_refused()
    {
        await using var state = new ZooKeeperTestState();

        // A busy server may take seconds for the batch, and is not to be taken for lost.
        var store = (await state.OpenAsync(state.AddressAt(state.Server.Host, state.Server.Port, term: 30))).Store;
        await store.WriteAsync([new StateWrite("large", new byte[900_000])]);
        Assert.Equal(900_000, (await store.GetAsync("large"))!.Value.Length);
        await Assert.ThrowsAsync<StateTooLargeException>(() => store.WriteAsync([new StateWrite("k", new byte[900_001])]));
        var batch = Enumerable.Range(0, 8_000).Select(i => new StateWrite($"k/{i:D5}", new byte[8])).ToList();
        await store.WriteAsync(batch);
        await Assert.ThrowsAsync<StateTooLargeException>(() =>
            store.WriteAsync([.. batch, new StateWrite("m", new byte[400_000])]));
        Assert.Equal(batch.Count, await store.ListAsync("k/").CountAsync());
    }

    [Fact]
    public async Task With_a_user_nobody_else_gets_in()
    {
        await using var state = new ZooKeeperTestState { Digest = "lcm:s3cr3t" };
        var address = state.AddressAt($"lcm@{state.Server.Host}", state.Server.Port);
        await using (var ours = await OpenAsync(address, "s3cr3t"))
        {
            await ours.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })]);
            await (await ours.Election.StandAsync("master", "http://one").WaitAsync(Generous)).DisposeAsync();
        }

        await using (var again = await OpenAsync(address, "s3cr3t")) Assert.NotNull(await again.Store.GetAsync("k"));
        await Assert.ThrowsAsync<StateUnavailableException>(() => OpenAsync(state.Address, null));
        var wrong = await Assert.ThrowsAsync<StateUnavailableException>(() => OpenAsync(address, "wr0ng"));
        Assert.DoesNotContain("wr0ng", wrong.ToString());
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(address, null));
    }

    [Fact]
    public async Task A_state_that_was_everybodys_is_its_users_alone_from_the_first_opening_with_one_on()
    {
        await using var state = new ZooKeeperTestState { Digest = "lcm:s3cr3t" };
        await using (var open = await OpenAsync(state.Address, null))
        {
            await open.Store.WriteAsync([.. Enumerable.Range(0, 50).Select(i => new StateWrite($"scheduler/apps/{i}",
                new byte[] { 1 }))]);
            await (await open.Election.StandAsync("master", "http://one").WaitAsync(Generous)).DisposeAsync();
        }

        await using var stranger = Client(state.Address);
        Assert.Equal(50, (await EntriesAsync(stranger)).Count);
        var address = state.AddressAt($"lcm@{state.Server.Host}", state.Server.Port);
        for (var opening = 0; opening < 2; opening++)
        {
            await using var ours = await OpenAsync(address, "s3cr3t");
            Assert.Equal(50, await ours.Store.ListAsync("scheduler/").CountAsync());
            await ours.Store.WriteAsync([new StateWrite($"scheduler/apps/{opening}", new byte[] { 2 })]);
        }

        await Assert.ThrowsAsync<StateUnavailableException>(() => OpenAsync(state.Address, null));
        await Assert.ThrowsAsync<StateUnavailableException>(() => EntriesAsync(stranger));
        await using var user = Client(address, "s3cr3t");
        foreach (var path in await EntriesAsync(user)) Assert.False(await user.IsOpenAsync(path), path);

        // All that is below the root, however deep.
        static async Task<List<string>> EntriesAsync(ZooKeeperClient client)
        {
            var found = new List<string>();
            var left = new Stack<string>(["/entries"]);
            while (left.TryPop(out var path))
            {
                var children = await client.GetChildrenAsync(path);
                foreach (var child in children) left.Push($"{path}/{child}");
                if (children.Count == 0) found.Add(path);
            }

            return found;
        }
    }

    [Fact]
    public async Task With_a_user_the_nodes_above_the_root_stay_everybodys()
    {
        await using var state = new ZooKeeperTestState { Digest = "lcm:s3cr3t" };
        string At(string user, string child) =>
            state.AddressAt(user + state.Server.Host, state.Server.Port).Replace("?", $"/{child}?", StringComparison.Ordinal);

        // The first to come creates the node above.
        await using (var admin = Client(At("lcm@", "one"), "s3cr3t")) await admin.EnsureAsync("");
        await using var other = await OpenAsync(At("", "two"), null);
        await other.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })]);
    }

    [Fact]
    public async Task A_state_of_another_format_is_refused()
    {
        await using var state = new ZooKeeperTestState();
        await using var admin = Client(state.Address);
        await admin.EnsureAsync("/format");
        await admin.SetDataAsync(new SetNode("/format", "lcm 2"u8.ToArray(), -1));
        Assert.Contains("'lcm 2'",
            (await Assert.ThrowsAsync<StateFormatException>(() => OpenAsync(state.Address, null))).Message);
    }

    [Theory]
    [InlineData("FFFFFFFF")]
    [InlineData("7FFFFFFF")]
    [InlineData("00000004 00000000")]
    [InlineData("00000024 00000000 00000BB8 0000000000000001 00000010 00000000000000000000000000000000 00000000")]
    [InlineData("00000025 00000000 00000BB8 0000000000000001 00000010 00000000000000000000000000000000 00 7FFFFFFF")]
    [InlineData(
        "00000025 00000000 00000BB8 0000000000000001 00000010 00000000000000000000000000000000 00 00000010 00000063 0000000000000000 00000000")]
    public async Task A_server_that_talks_nonsense_is_no_server(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var ending = new CancellationTokenSource();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(ending.Token);
                await client.GetStream().WriteAsync(Convert.FromHexString(answer.Replace(" ", "", StringComparison.Ordinal)),
                    ending.Token);
                await Task.Delay(100, ending.Token);
            }
        });
        var address = $"zk://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/lcm";
        await Assert.ThrowsAsync<StateUnavailableException>(() => StateBackend.OpenAsync(
            address, null, TimeSpan.FromMilliseconds(500), TimeProvider.System, NullLoggerFactory.Instance, default)
            .WaitAsync(Generous));
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_in_one_way() => Gen.Byte.Array[0, 40].Sample(bytes =>
    {
        foreach (var read in new Action<JuteReader>[] { r => r.Texts(), r => r.Bytes(), r => r.Text(), r => r.Stat(),
            r => r.Long() })
        {
            try
            {
                read(new JuteReader(bytes));
            }
            catch (InvalidDataException)
            {
            }
        }
    });

    [Fact]
    public void A_key_comes_back_from_its_nodes_name() => Gen.String[Gen.Char["a%/.é\uE000\uFFFF \u007E"], 0, 8].Sample(key =>
    {
        var name = NodeNames.Escape(key);
        Assert.Equal(key, NodeNames.Unescape(name));
        Assert.DoesNotContain('/', name);
        Assert.NotEqual(".", name);
        Assert.NotEqual("..", name);
    });

    private static Task<StateBackend> OpenAsync(string address, string? password) =>
        StateBackend.OpenAsync(address, password, TimeSpan.FromSeconds(5), TimeProvider.System, NullLoggerFactory.Instance,
            default);

    private static ZooKeeperClient Client(string address, string? password = null) => new(
        ZooKeeperOptions.From(StateAddress.Parse(address), password, TimeSpan.FromSeconds(5)), TimeProvider.System,
        NullLogger.Instance);
}
