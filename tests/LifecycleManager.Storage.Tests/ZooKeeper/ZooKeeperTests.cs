using LifecycleManager.Storage.Tests.Contract;
using LifecycleManager.Storage.ZooKeeper;
using Microsoft.Extensions.Logging.Abstractions;

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

    /// <summary>Who may delete what the test has left.</summary>
    public string? Digest { get; init; }

    public override (string Host, int Port) Server => (_server[0], int.Parse(_server[1]));

    public override string Address => AddressAt(Server.Host, Server.Port);

    public override string AddressAt(string authority, int port, int term = 3) =>
        $"zk://{authority}:{port}/{_path}?session={term}s";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var client = new ZooKeeperClient(
            new ZooKeeperOptions([Server], "", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), Digest), TimeProvider.System,
            NullLogger.Instance);
        await DeleteAsync(client, "/" + _path);
    }

    private static async Task DeleteAsync(ZooKeeperClient client, string path)
    {
        var children = await client.GetChildrenAsync(path);
        await Task.WhenAll(children.Select(child => DeleteAsync(client, $"{path}/{child}")));
        await client.DeleteAsync(path);
    }
}
