using System.Diagnostics;
using System.Net.Sockets;

namespace LifecycleManager.Storage.Tests.ZooKeeper;

/// <summary>A server of one test alone, to be killed; skips the test where ZooKeeper or Java is missing.</summary>
internal sealed class ZooKeeperProcess : IAsyncDisposable
{
    private readonly string _java = Testing.Server.Executable("java");
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-zookeeper-");
    private Process? _process;

    public int Port { get; } = Testing.Server.FreePort();

    public async Task StartAsync()
    {
        const string Libraries = "/usr/share/java";
        if (!File.Exists(Path.Combine(Libraries, "zookeeper.jar"))) Assert.Skip("ZooKeeper's server is not installed");
        var configuration = Path.Combine(_directory.FullName, "zoo.cfg");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            tickTime=500
            dataDir={_directory.FullName}/data
            clientPort={Port}
            clientPortAddress=127.0.0.1
            admin.enableServer=false
            """ + "\n");
        _process = Process.Start(new ProcessStartInfo(_java)
        {
            ArgumentList =
            {
                "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", $"/etc/zookeeper/conf:{Libraries}/*",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration,
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Faults.Eventually.IsTrueAsync(AnswersAsync);
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
        _directory.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
