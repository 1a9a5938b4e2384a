using System.Text;
using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.Tests.Memory;
using LifecycleManager.Storage.Tests.PostgreSql;
using LifecycleManager.Storage.Tests.Sqlite;
using LifecycleManager.Storage.Tests.ZooKeeper;

namespace LifecycleManager.Storage.Tests;

public sealed class StateArchiveTests
{
    private const string Header = """{"format":"lifecyclemanager-state","version":1}""" + "\n";

    [Fact]
    public async Task A_state_moves_through_every_kind_of_store_and_comes_back_the_same()
    {
        await using var origin = new MemoryTestState();
        var first = (await origin.OpenAsync()).Store;
        for (var i = 0; i < 1200; i++)
        {
            var value = new byte[i % 7 == 0 ? 2000 : i % 50];
            new Random(i).NextBytes(value);
            await first.WriteAsync([new StateWrite($"scheduler/apps/ä{i}/\"x\"", value)]);
        }

        await first.WriteAsync([new StateWrite("scheduler/large", new byte[800_000])]);
        var archive = new MemoryStream();
        Assert.Equal(1201, await StateArchive.ExportAsync(first, archive, "scheduler"));
        var expected = archive.ToArray();
        foreach (var make in new Func<TestState>[] { () => new SqliteTestState(), () => new PostgresTestState(),
            () => new ZooKeeperTestState(), () => new MemoryTestState() })
        {
            await using var state = make();
            var store = (await state.OpenAsync()).Store;
            archive.Position = 0;
            Assert.Equal(1201, await StateArchive.ImportAsync(store, archive, "scheduler"));
            archive = new MemoryStream();
            await StateArchive.ExportAsync(store, archive, "scheduler");
            Assert.True(expected.AsSpan().SequenceEqual(archive.ToArray()), $"{state.GetType().Name} gives another state back");
        }
    }

    [Fact]
    public async Task An_import_changes_no_key_that_exists_unless_told_to()
    {
        await using var state = new MemoryTestState();
        var store = (await state.OpenAsync()).Store;
        await store.WriteAsync([new StateWrite("s/a", new byte[] { 1 }), new StateWrite("s/z", new byte[] { 1 })]);
        var archive = Archive(Header + """{"key":"s/a","value":"Ag=="}""" + "\n" + """{"key":"s/b","value":"Ag=="}""" + "\n"
            + """{"entries":2}""" + "\n");
        var conflict = await Assert.ThrowsAsync<StateConflictException>(() => StateArchive.ImportAsync(store, archive, "s"));
        Assert.Equal("s/a", conflict.Key);
        Assert.Null(await store.GetAsync("s/b"));
        archive.Position = 0;
        await StateArchive.ImportAsync(store, archive, "s", overwrite: true);
        Assert.Equal(["s/a@2", "s/b@1", "s/z@1"], await store.ListAsync("").Select(e => $"{e.Key}@{e.Version}").ToListAsync());
    }

    [Theory]
    [InlineData("", "line 0: it ends without its closing line")]
    [InlineData("hello\n", "line 1: 'h' is an invalid start")]
    [InlineData("{}\n", "line 1: this is no archive")]
    [InlineData("""{"format":"lifecyclemanager-state","version":2}""" + "\n", "line 1: it has version 2")]
    [InlineData(Header, "line 1: it ends without its closing line")]
    [InlineData(Header + """{"key":"a","value":"Ag=="}""" + "\n", "line 2: it ends without its closing line")]
    [InlineData(Header + """{"key":"a","value":"Ag=="}""", "line 2: it ends within a line")]
    [InlineData(Header + """{"key":"a","value":"Ag=="}""" + "\n" + """{"entries":2}""" + "\n",
        "line 3: it should hold 2 entries, but holds 1")]
    [InlineData(Header + """{"key":"a","value":"%%"}""" + "\n", "line 2: ")]
    [InlineData(Header + """{"key":"a"}""" + "\n", "line 2: an entry needs a key and a value")]
    [InlineData(Header + """{"key":"","value":""}""" + "\n", "line 2: a key is empty")]
    [InlineData(Header + """{"key":"a","value":"","more":1}""" + "\n", "line 2: ")]
    [InlineData(Header + """{"entries":0}""" + "\n" + """{"entries":0}""" + "\n", "line 3: it goes on")]
    public async Task A_damaged_archive_is_refused_by_line_and_nothing_is_written(string archive, string message)
    {
        await using var state = new MemoryTestState();
        var store = (await state.OpenAsync()).Store;
        var wrong = await Assert.ThrowsAsync<StateFormatException>(() => StateArchive.ImportAsync(store, Archive(archive), "s"));
        Assert.Contains(message, wrong.Message);
        Assert.Equal(0, await store.ListAsync("").CountAsync());
    }

    private static MemoryStream Archive(string text) => new(Encoding.UTF8.GetBytes(text));
}
