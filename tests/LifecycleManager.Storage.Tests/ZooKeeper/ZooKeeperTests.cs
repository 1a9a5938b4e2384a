using LifecycleManager.Storage.Tests.Contract;

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

public sealed class ZooKeeperFaultTests : FaultContract
{
    protected override string Commit => "marked";

    protected override TestState NewState() => new ZooKeeperTestState();
}

/// <summary>A path of its own in the server that the tests are given.</summary>
internal sealed class ZooKeeperTestState : TestState
{
    private readonly string[] _server = Testing.Server.ZooKeeper().Split(':');
    private readonly string _path = $"lcm-test/{Guid.NewGuid():N}";

    public override (string Host, int Port) Server => (_server[0], int.Parse(_server[1]));

    public override string Address => AddressAt(Server.Host, Server.Port);

    public override string AddressAt(string authority, int port) => $"zk://{authority}:{port}/{_path}";
}
