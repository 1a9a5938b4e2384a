using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Testing;
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

/// <summary>A schema of its own in the server that the tests are given.</summary>
internal sealed class PostgresTestState : TestState
{
    private readonly string _server = Server.PostgreSql();
    private readonly string _schema = $"test_{Guid.NewGuid():N}";

    public override string Address
    {
        get
        {
            var given = new NpgsqlConnectionStringBuilder(_server);
            return $"postgres://{given.Username}@{given.Host}:{given.Port}/{given.Database}?schema={_schema}";
        }
    }

    public override string? Password => new NpgsqlConnectionStringBuilder(_server).Password;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var source = NpgsqlDataSource.Create(_server);
        await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        await drop.ExecuteNonQueryAsync();
    }
}
