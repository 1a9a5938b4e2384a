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

/// <summary>A schema of its own in the server that the tests are given.</summary>
internal sealed class PostgresTestState : TestState
{
    private readonly NpgsqlConnectionStringBuilder _given = new(Testing.Server.PostgreSql());
    private readonly string _schema = $"test_{Guid.NewGuid():N}";

    public override string? User => _given.Username;

    public override string? Password => _given.Password;

    public override (string Host, int Port) Server => (_given.Host!, _given.Port);

    public override string Address => AddressAt($"{User}@{_given.Host}", _given.Port);

    public override string AddressAt(string authority, int port) => $"postgres://{authority}:{port}/{_given.Database}?schema={_schema}";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var source = NpgsqlDataSource.Create(_given);
        await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        await drop.ExecuteNonQueryAsync();
    }
}
