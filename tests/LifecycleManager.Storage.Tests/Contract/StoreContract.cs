using System.Text;
using CsCheck;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>What every store promises.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    private TestState _state = null!;

    protected IStateStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _state = NewState();
        Store = (await _state.OpenAsync()).Store;
    }

    public async ValueTask DisposeAsync()
    {
        if (_state is not null) await _state.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract TestState NewState();

    /// <summary>How many random sequences are tried.</summary>
    protected virtual int ModelRuns => 100;

    protected static StateWrite Put(string key, string value, long? expected = null) =>
        new(key, Encoding.UTF8.GetBytes(value), expected);

    protected static string Text(StateEntry entry) => Encoding.UTF8.GetString(entry.Value.Span);

    protected static string Hex(StateEntry? entry) => Convert.ToHexString(entry!.Value.Span);

    protected async Task<string> ShowAsync(string prefix = "")
    {
        var entries = new List<string>();
        await foreach (var e in Store.ListAsync(prefix)) entries.Add($"{e.Key}={Text(e)}@{e.Version}");
        return string.Join(" ", entries);
    }

    [Fact]
    public async Task A_key_has_its_last_value_and_a_version_that_counts_its_writes()
    {
        Assert.Null(await Store.GetAsync("a/b"));
        await Store.WriteAsync([Put("a/b", "one")]);
        await Store.WriteAsync([Put("a/b", "two")]);
        var entry = await Store.GetAsync("a/b");
        Assert.Equal(("a/b", "two", 2L), (entry!.Key, Text(entry), entry.Version));
    }

    [Fact]
    public async Task A_deleted_key_is_gone_and_begins_again_at_version_one()
    {
        await Store.WriteAsync([Put("a", "one")]);
        await Store.WriteAsync([Put("a", "two")]);
        await Store.WriteAsync([StateWrite.Delete("a"), StateWrite.Delete("never there")]);
        Assert.Null(await Store.GetAsync("a"));
        await Store.WriteAsync([Put("a", "three", 0)]);
        Assert.Equal("a=three@1", await ShowAsync());
    }

    [Fact]
    public async Task Any_bytes_are_a_value_none_too()
    {
        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        await Store.WriteAsync([new StateWrite("all", all), new StateWrite("none", Array.Empty<byte>())]);
        Assert.Equal(Convert.ToHexString(all), Hex(await Store.GetAsync("all")));
        Assert.Equal("", Hex(await Store.GetAsync("none")));
    }

    [Fact]
    public async Task The_store_keeps_its_own_copy_of_a_value()
    {
        var bytes = new byte[] { 1 };
        await Store.WriteAsync([new StateWrite("a", bytes)]);
        bytes[0] = 2;
        Assert.Equal("01", Hex(await Store.GetAsync("a")));
    }

    [Fact]
    public async Task A_batch_is_applied_in_order_a_key_may_come_twice()
    {
        await Store.WriteAsync([Put("a", "1", 0), Put("a", "2", 1), Put("b", "1"), StateWrite.Delete("b", 1), Put("c", "1"),
            StateWrite.Delete("c"), Put("c", "2", 0)]);
        Assert.Equal("a=2@2 c=2@1", await ShowAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_batch_with_a_wrong_version_changes_nothing_and_names_the_key(long expected)
    {
        await Store.WriteAsync([Put("k", "1")]);
        await Store.WriteAsync([Put("k", "2")]);
        var put = await Assert.ThrowsAsync<StateConflictException>(() =>
            Store.WriteAsync([Put("new", "x"), StateWrite.Delete("k"), Put("k", "3", expected + (expected == 0 ? 5 : 0))]));
        Assert.Equal("k", put.Key);
        await Assert.ThrowsAsync<StateConflictException>(() => Store.WriteAsync([Put("new", "x"), Put("k", "3", expected)]));
        var delete = await Assert.ThrowsAsync<StateConflictException>(() =>
            Store.WriteAsync([Put("new", "x"), StateWrite.Delete("k", expected)]));
        Assert.Equal("k", delete.Key);
        Assert.Equal("k=2@2", await ShowAsync());
    }

    [Fact]
    public async Task A_missing_key_is_at_version_zero()
    {
        await Assert.ThrowsAsync<StateConflictException>(() => Store.WriteAsync([Put("k", "1", 1)]));
        await Assert.ThrowsAsync<StateConflictException>(() => Store.WriteAsync([StateWrite.Delete("k", 1)]));
        await Store.WriteAsync([StateWrite.Delete("k", 0), Put("k", "1", 0)]);
        Assert.Equal("k=1@1", await ShowAsync());
    }

    [Fact]
    public async Task Of_many_that_expect_the_same_version_one_wins()
    {
        await Store.WriteAsync([Put("counter", "")]);
        var other = (await _state.OpenAsync()).Store;
        var tries = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            try
            {
                await (i % 2 == 0 ? Store : other).WriteAsync([Put("counter", $"{i}", 1), Put($"won/{i}", "")]);
                return true;
            }
            catch (StateConflictException)
            {
                return false;
            }
        }));
        var winner = Assert.Single(Enumerable.Range(0, 16), i => tries[i]);
        Assert.Equal($"counter={winner}@2 won/{winner}=@1", await ShowAsync());
    }

    [Fact]
    public async Task Unconditional_writers_of_the_same_keys_all_succeed()
    {
        var other = (await _state.OpenAsync()).Store;
        string[] keys = ["x", "y", "z"];
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
        {
            var order = i % 2 == 0 ? keys : keys.Reverse();
            return (i % 3 == 0 ? Store : other).WriteAsync([.. order.Select(key => Put(key, $"{i}"))]);
        }));
        var entries = await Store.ListAsync("").ToListAsync();
        Assert.All(entries, entry => Assert.Equal(20, entry.Version));
        Assert.Single(entries.Select(entry => Text(entry)).Distinct());
    }

    [Fact]
    public async Task Listing_gives_the_prefix_alone_in_the_order_of_code_points()
    {
        string[] keys = ["a", "a/", "a/%2F", "a/.", "a/..", "a/b", "a/b/c", "a/bc", "a/\u007Ez", "a/ä", "a/\uE000", "a/\uFFFD",
            "a/😀", "a0", "A", "b", "_", "a/B", "a-", "a_b"];
        await Store.WriteAsync([.. keys.Select(key => Put(key, key))]);
        Assert.Equal(
            ["a/", "a/%2F", "a/.", "a/..", "a/B", "a/b", "a/b/c", "a/bc", "a/~z", "a/ä", "a/\uE000", "a/\uFFFD", "a/😀"],
            await Store.ListAsync("a/").Select(entry => entry.Key).ToListAsync());
        Assert.Equal(["a/b", "a/b/c", "a/bc"], await Store.ListAsync("a/b").Select(entry => entry.Key).ToListAsync());
        Assert.Equal(keys.Length, await Store.ListAsync("").CountAsync());
        Assert.Equal(0, await Store.ListAsync("a_").CountAsync(entry => entry.Key != "a_b"));
        foreach (var key in keys) Assert.Equal(key, (await Store.GetAsync(key))?.Key);
    }

    [Fact]
    public async Task A_key_as_long_as_allowed_works_a_longer_one_is_refused()
    {
        var key = string.Concat(Enumerable.Repeat("ä/", StateKeys.MaxKey / 3)) + "a";
        await Store.WriteAsync([Put(key, "1")]);
        Assert.Equal(key, (await Store.GetAsync(key))!.Key);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteAsync([Put(key + "b", "1")]));
    }

    [Fact]
    public async Task A_bad_key_is_refused()
    {
        foreach (var key in new[] { "", "a\0", "a\n", "\uD83D", "\uDE00\uD83D", "a\uDE00" })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteAsync([Put(key, "1")]));
            await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(key));
        }

        Assert.Equal("", await ShowAsync());
    }

    [Fact]
    public async Task A_write_of_an_older_fence_is_refused_and_a_newer_one_deposes_it()
    {
        await Store.WriteAsync([Put("a", "1")], new Fence("x", 5));
        await Store.WriteAsync([Put("a", "2")], new Fence("x", 5));
        var refused = await Assert.ThrowsAsync<FencedException>(() => Store.WriteAsync([Put("a", "old")], new Fence("x", 4)));
        Assert.Equal(new Fence("x", 4), refused.Fence);
        await Store.WriteAsync([Put("a", "3")], new Fence("y", 1));
        await Store.WriteAsync([], new Fence("x", 7));
        await Assert.ThrowsAsync<FencedException>(() => Store.WriteAsync([Put("a", "old")], new Fence("x", 6)));
        await Store.WriteAsync([Put("a", "4")]);
        var other = (await _state.OpenAsync()).Store;
        await Assert.ThrowsAsync<FencedException>(() => other.WriteAsync([Put("a", "old")], new Fence("x", 6)));
        Assert.Equal("a=4@4", await ShowAsync());
    }

    [Fact]
    public async Task A_batch_that_is_refused_does_not_move_its_fence()
    {
        await Store.WriteAsync([Put("a", "1")], new Fence("x", 1));
        await Assert.ThrowsAsync<StateConflictException>(() => Store.WriteAsync([Put("a", "2", 7)], new Fence("x", 9)));
        await Store.WriteAsync([Put("a", "3")], new Fence("x", 1));
    }

    [Fact]
    public async Task A_write_cancelled_beforehand_writes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.WriteAsync([Put("a", "1")], null, cancelled.Token));
        Assert.Null(await Store.GetAsync("a"));
    }

    [Fact]
    public async Task What_one_has_written_others_read_and_it_outlives_him()
    {
        var writer = await _state.OpenAsync();
        await writer.Store.WriteAsync([Put("a", "1"), Put("b", "2")]);
        Assert.Equal("a=1@1 b=2@1", await ShowAsync());
        await writer.DisposeAsync();
        Assert.Equal("a=1@1 b=2@1", await ShowAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writer.Store.WriteAsync([Put("a", "1")]));
    }

    [Fact]
    public async Task Any_sequence_of_batches_does_what_the_model_does()
    {
        var runs = 0;
        await StoreModel.Batches.Array[1, 12].SampleAsync(
            async batches =>
            {
                // A corner of its own for each run: keys and a fence that no other has used.
                var corner = $"run-{Interlocked.Increment(ref runs)}";
                var model = new StoreModel();
                foreach (var batch in batches)
                {
                    var expected = model.Write(batch);
                    Assert.Equal(expected, await WriteAsync(corner, batch));
                    if (expected == "done") Assert.Equal(model.Show("a"), await ShowCornerAsync(corner, "a"));
                }

                Assert.Equal(model.Show(""), await ShowCornerAsync(corner, ""));
            },
            iter: ModelRuns, threads: 2, print: batches => string.Join("\n", batches.Select(batch => batch.ToString())));
    }

    [Fact]
    public async Task Thousands_of_entries_are_listed_whole()
    {
        for (var i = 0; i < 5; i++)
        {
            await Store.WriteAsync([.. Enumerable.Range(i * 500, 500).Select(n => Put($"many/{n:D5}", $"value {n}"))]);
        }

        Assert.Equal(
            Enumerable.Range(0, 2500).Select(n => $"many/{n:D5}=value {n}"),
            await Store.ListAsync("many/").Select(e => $"{e.Key}={Text(e)}").ToListAsync());
    }

    private async Task<string> WriteAsync(string corner, ModelBatch batch)
    {
        try
        {
            var writes = batch.Writes.Select(w => w.Value is { } value
                ? new StateWrite($"{corner}/{w.Key}", new[] { value }, w.Expected)
                : StateWrite.Delete($"{corner}/{w.Key}", w.Expected));
            await Store.WriteAsync([.. writes], batch.Fence is { } token ? new Fence(corner, token) : null);
            return "done";
        }
        catch (FencedException)
        {
            return "fenced";
        }
        catch (StateConflictException e)
        {
            return e.Key[(corner.Length + 1)..];
        }
    }

    private async Task<string> ShowCornerAsync(string corner, string prefix) => string.Join(
        " ", await Store.ListAsync($"{corner}/{prefix}")
        .Select(e => $"{e.Key[(corner.Length + 1)..]}={e.Value.Span[0]}@{e.Version}").ToListAsync());
}
