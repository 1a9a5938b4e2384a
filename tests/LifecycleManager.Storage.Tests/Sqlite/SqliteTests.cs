using LifecycleManager.Storage.Tests.Contract;

namespace LifecycleManager.Storage.Tests.Sqlite;

public sealed class SqliteStoreTests : StoreContract
{
    protected override TestState NewState() => new SqliteTestState();
}

public sealed class SqliteElectionTests : ElectionContract
{
    protected override TestState NewState() => new SqliteTestState();
}

public sealed class SqliteCrashTests : CrashContract
{
    protected override TestState NewState() => new SqliteTestState();

    protected override bool FreedByStopping => false;
}

internal sealed class SqliteTestState : TestState
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-state-");

    public string Path => System.IO.Path.Combine(_directory.FullName, "deeper", "state.db");

    public override string Address => $"sqlite:{Path}";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
