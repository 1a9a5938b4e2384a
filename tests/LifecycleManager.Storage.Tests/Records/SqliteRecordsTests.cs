using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.Tests.Sqlite;

namespace LifecycleManager.Storage.Tests.Records;

public sealed class SqliteRecordsTests : RecordContract
{
    private readonly SqliteTestState _state = new();

    private protected override TestState State => _state;

    [Fact]
    public async Task A_file_that_is_deleted_is_made_anew()
    {
        var table = Open().Table(Things);
        await table.WriteAsync([Record("1", Start, 1)], Cancellation);
        var openings = table.Openings;
        File.Delete(_state.Path);
        Assert.Null(await table.FindAsync("1", Cancellation));
        Assert.True(table.Openings > openings);
        await table.WriteAsync([Record("2", Start, 1)], Cancellation);
        Assert.Equal(["2"], Ids(await Open().Table(Things).QueryAsync(new(), Cancellation)));
    }

    [Fact]
    public async Task The_file_of_a_state_and_a_file_of_something_else_are_left_alone()
    {
        await using (await _state.OpenAsync())
        {
            // It is there.
        }

        await Assert.ThrowsAsync<StateFormatException>(() => Open().Table(Things).FindAsync("1", Cancellation));
        await File.WriteAllTextAsync(_state.Path, new string('x', 5000), Cancellation);
        await Assert.ThrowsAsync<StateFormatException>(() => Open().Table(Things).FindAsync("1", Cancellation));
    }

    [Fact]
    public async Task A_full_disk_is_told_and_writing_goes_on_once_there_is_space()
    {
        using var disk = SmallDisk.Mount(kilobytes: 3 * 1024);
        var table = Open($"sqlite:{Path.Combine(disk.Path, "records.db")}").Table(Things);
        await table.WriteAsync([Record("1", Start, 1)], Cancellation);
        disk.Fill();
        var problem = await Assert.ThrowsAsync<StateUnavailableException>(
            () => table.WriteAsync([Record("2", Start, 1, body: new string('x', 100_000))], Cancellation));
        Assert.Contains("the disk is full", problem.Message, StringComparison.Ordinal);
        disk.Free();
        await table.WriteAsync([Record("2", Start, 1)], Cancellation);
        Assert.Equal(["2", "1"], Ids(await table.QueryAsync(new(), Cancellation)));
    }
}
