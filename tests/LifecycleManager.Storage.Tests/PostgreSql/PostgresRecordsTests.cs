using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.Tests.Records;
using Npgsql;

namespace LifecycleManager.Storage.Tests.PostgreSql;

public sealed class PostgresRecordsTests : RecordContract
{
    private readonly PostgresTestState _state = new();

    private protected override TestState State => _state;

    [Fact]
    public async Task A_table_that_is_dropped_is_made_anew_beside_the_state()
    {
        var backend = await _state.OpenAsync();
        var table = Open().Table(Things);
        await table.WriteAsync([Record("1", Start, 1)], Cancellation);
        var openings = table.Openings;
        await using var admin = NpgsqlDataSource.Create(_state.ConnectionString);
        await using (var drop = admin.CreateCommand($"DROP TABLE {_state.Schema}.thing")) await drop.ExecuteNonQueryAsync();
        await Assert.ThrowsAsync<StateUnavailableException>(() => table.FindAsync("1", Cancellation));
        Assert.Null(await table.FindAsync("1", Cancellation));
        Assert.True(table.Openings > openings);
        await backend.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], null, Cancellation);
        Assert.NotNull(await backend.Store.GetAsync("k", Cancellation));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_told()
    {
        var table = Open("postgres://nobody@127.0.0.1:1/none").Table(Things);
        var problem = await Assert.ThrowsAsync<StateUnavailableException>(() => table.FindAsync("1", Cancellation));
        Assert.Contains("127.0.0.1", problem.Message, StringComparison.Ordinal);
    }
}
