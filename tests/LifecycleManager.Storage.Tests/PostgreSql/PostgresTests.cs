using LifecycleManager.Storage.Tests.Children;
using LifecycleManager.Storage.Tests.Contract;
using Npgsql;

namespace LifecycleManager.Storage.Tests.PostgreSql;

public sealed class PostgresStoreTests : StoreContract
{
    protected override TestState NewState() => new PostgresTestState();
}

public sealed class PostgresElectionTests : ElectionContract
{
    protected override TestState NewState() => new PostgresTestState();
}

public sealed class PostgresCrashTests : CrashContract
{
    protected override TestState NewState() => new PostgresTestState();
}

public sealed class PostgresFaultTests : FaultContract
{
    protected override string Commit => "COMMIT\0";

    protected override TestState NewState() => new PostgresTestState();
}

public sealed class PostgresServerTests
{
    [Fact]
    public async Task A_thread_pool_without_a_free_thread_keeps_its_lease()
    {
        await using var state = new PostgresTestState();
        await using (await state.OpenAsync())
        {
            // The schema is there.
        }

        await using var busy = new ChildProcess(
            "child-busy", state.AddressAt($"{state.User}@{state.Server.Host}", state.Server.Port, term: 6), "14");
        Assert.Equal("", await busy.NextAsync("kept"));
    }

    [Fact]
    public async Task Sessions_that_the_server_ends_lose_no_acknowledged_write_and_no_leadership()
    {
        await using var state = new PostgresTestState();
        await using var backend =
            await state.OpenAsync(state.AddressAt($"{state.User}@{state.Server.Host}", state.Server.Port, term: 8));
        await using var leadership = await backend.Election.StandAsync("master", "http://one");
        await using var admin = NpgsqlDataSource.Create(state.ConnectionString);
        var (acknowledged, unknown) = (0, 0);
        var ends = 0;
        using var ended = new CancellationTokenSource();
        var ending = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                await using var end = admin.CreateCommand(
                    $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN " +
                    $"(SELECT pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace " +
                    $"WHERE n.nspname = '{state.Schema}')");
                await end.ExecuteNonQueryAsync();
                Interlocked.Increment(ref ends);
                await Task.Delay(15);
            }
        });
        for (var i = 1; acknowledged < 50 || Volatile.Read(ref ends) < 50; i++)
        {
            try
            {
                await backend.Store.WriteAsync([new StateWrite($"k/{i:D6}", new byte[] { 1 }, 0)], leadership.Fence);
                acknowledged++;
            }
            catch (WriteOutcomeUnknownException)
            {
                unknown++;
            }
        }

        await ended.CancelAsync();
        await ending;
        Assert.False(leadership.Lost.IsCancellationRequested);
        Assert.InRange(await backend.Store.ListAsync("k/").CountAsync(), acknowledged, acknowledged + unknown);
    }
}

/// <summary>A schema of its own in the server that the tests are given.</summary>
internal sealed class PostgresTestState : TestState
{
    private readonly NpgsqlConnectionStringBuilder _given = new(Testing.Server.PostgreSql());

    public string Schema { get; } = $"test_{Guid.NewGuid():N}";

    public string ConnectionString => _given.ToString();

    public override string? User => _given.Username;

    public override string? Password => _given.Password;

    public override (string Host, int Port) Server => (_given.Host!, _given.Port);

    public override string Address => AddressAt($"{User}@{_given.Host}", _given.Port);

    public override string AddressAt(string authority, int port, int term = 3) =>
        $"postgres://{authority}:{port}/{_given.Database}?schema={Schema}&lease={term}s";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var source = NpgsqlDataSource.Create(_given);
        await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
        await drop.ExecuteNonQueryAsync();
    }
}
