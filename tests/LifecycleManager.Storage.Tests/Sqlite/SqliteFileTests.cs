using System.Text;
using Dapper;
using LifecycleManager.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Sqlite;

/// <summary>What a file adds to the contracts.</summary>
public sealed class SqliteFileTests : IAsyncDisposable
{
    private readonly SqliteTestState _state = new();

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task Only_its_owner_can_read_it()
    {
        if (OperatingSystem.IsWindows()) return;
        var backend = await _state.OpenAsync();
        await backend.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })]);
        const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(OwnersAlone, File.GetUnixFileMode(_state.Path));
        Assert.Equal(OwnersAlone, File.GetUnixFileMode(_state.Path + "-wal"));
    }

    [Fact]
    public async Task Another_programs_file_is_left_alone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_state.Path)!);
        await File.WriteAllTextAsync(_state.Path, string.Concat(Enumerable.Repeat("no database ", 100)));
        var wrong = await Assert.ThrowsAsync<StateFormatException>(_state.OpenAsync);
        Assert.Contains(_state.Path, wrong.Message);
        File.Delete(_state.Path);
        Execute("CREATE TABLE theirs (x)");
        Assert.Contains("another program", (await Assert.ThrowsAsync<StateFormatException>(_state.OpenAsync)).Message);
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await (await _state.OpenAsync()).DisposeAsync();
        Execute("PRAGMA user_version = 99");
        Assert.Contains("schema 99", (await Assert.ThrowsAsync<StateFormatException>(_state.OpenAsync)).Message);
    }

    [Fact]
    public async Task A_path_that_cannot_be_is_one_clear_error()
    {
        var wrong = await Assert.ThrowsAsync<StateUnavailableException>(() => _state.OpenAsync("sqlite:/proc/none/state.db"));
        Assert.Contains("/proc/none/state.db", wrong.Message);
    }

    [Fact]
    public async Task Writes_that_share_a_commit_stand_or_fall_alone()
    {
        var store = (await _state.OpenAsync()).Store;
        await store.WriteAsync([], new Fence("f", 2));
        var writes = Enumerable.Range(0, 600).Select(async i =>
        {
            try
            {
                await store.WriteAsync(
                    [new StateWrite($"k/{i:D4}", Encoding.UTF8.GetBytes($"{i}")),
                        new StateWrite("gate", new byte[] { 1 }, i % 3 == 1 ? 9999 : null)],
                    new Fence("f", i % 3 == 2 ? 1 : 2));
                return "done";
            }
            catch (Exception e) when (e is FencedException or StateConflictException)
            {
                return e.GetType().Name;
            }
        });
        var outcomes = await Task.WhenAll(writes);
        Assert.Equal(Enumerable.Range(0, 600).Select(i =>
            (i % 3) switch { 0 => "done", 1 => nameof(StateConflictException), _ => nameof(FencedException) }), outcomes);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"k/{i * 3:D4}"), await store.ListAsync("k/").Select(e => e.Key)
            .ToListAsync());
        Assert.Equal(200, (await store.GetAsync("gate"))!.Version);
    }

    [Fact]
    public async Task A_full_disk_is_said_and_passes()
    {
        var database = SqliteDatabase.Open(_state.Path, SqliteSchema.State);
        await using var store = new SqliteStateStore(database, new HeldLeaderships(), NullLogger.Instance);
        await store.WriteAsync([new StateWrite("a", new byte[] { 1 })]);

        // The limit is the connection's, and the pool has one.
        using (var limited = database.Connect()) limited.Execute("PRAGMA max_page_count = 12");
        var wrong = await Assert.ThrowsAsync<StateUnavailableException>(() =>
            store.WriteAsync([new StateWrite("a", new byte[500_000])]));
        Assert.Contains("full", wrong.Message);
        await store.WriteAsync([new StateWrite("a", new byte[] { 2 })]);
        Assert.Equal(2, (await store.GetAsync("a"))!.Version);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_state.Path};Pooling=False");
        connection.Execute(sql);
    }
}
