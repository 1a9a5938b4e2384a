using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Testing;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

public sealed class ZooKeeperStoreTests : StoreContract
{
    protected override TestState NewState() => new ZooKeeperTestState();
}

public sealed class ZooKeeperElectionTests : ElectionContract
{
    protected override TestState NewState() => new ZooKeeperTestState();
}

public sealed class ZooKeeperCrashTests : CrashContract
{
    protected override TestState NewState() => new ZooKeeperTestState();
}

/// <summary>A path of its own in the server that the tests are given.</summary>
internal sealed class ZooKeeperTestState : TestState
{
    private readonly string _server = Server.ZooKeeper();
    private readonly string _path = $"lcm-test/{Guid.NewGuid():N}";

    public override string Address => $"zk://{_server}/{_path}";
}
