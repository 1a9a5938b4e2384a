using System.Diagnostics;

namespace LifecycleManager.Testing;

/// <summary>A ZooKeeper server of one test alone; skips the test where ZooKeeper or Java is missing.</summary>
public sealed class ZooKeeperProcess() : ServerProcess("zookeeper")
{
    private const string Libraries = "/usr/share/java";
    private readonly string _java = Server.Executable("java");

    /// <summary>Where it listens, on the loopback interface.</summary>
    public int Port { get; } = Server.FreePort();

    /// <inheritdoc/>
    protected override ProcessStartInfo Command()
    {
        Server.Executable(Path.Combine(Libraries, "zookeeper.jar"));
        var configuration = Path.Combine(Directory, "zoo.cfg");

        // A session of 3 s needs ticks of a second at most: the server grants no less than two ticks.
        File.WriteAllText(
            configuration,
            $"""
            tickTime=500
            dataDir={Directory}/data
            clientPort={Port}
            clientPortAddress=127.0.0.1
            maxClientCnxns=0
            admin.enableServer=false
            """ + "\n");
        return new ProcessStartInfo(
            _java,
            [
                "-Dzookeeper.forceSync=no", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", $"/etc/zookeeper/conf:{Libraries}/*",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration,
            ]);
    }

    /// <inheritdoc/>
    protected override Task<bool> AnswersAsync() => AcceptsAsync(Port);
}
