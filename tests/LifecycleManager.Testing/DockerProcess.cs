using System.Diagnostics;
using System.Net.Sockets;

namespace LifecycleManager.Testing;

/// <summary>
/// A Docker engine of one test alone, whose containers outlive it; skips the test where it is not installed or needs rights that
/// the test has not. It lives in a network namespace of its own, without any network: an engine told to have no bridge deletes
/// <c>docker0</c>, which is another's where the machine has an engine already. Containers can only be run with host networking.
/// </summary>
/// <param name="swarm">Whether it can become a swarm's node: it then has a loopback interface, and its containers end with
/// it.</param>
public sealed class DockerProcess(bool swarm = false) : ServerProcess("docker")
{
    private readonly string _engine = Server.Executable("dockerd");

    /// <summary>The engine's address.</summary>
    public Uri Address => new("unix://" + Socket);

    private string Socket => Path.Combine(Directory, "docker.sock");

    /// <inheritdoc/>
    protected override ProcessStartInfo Command()
    {
        if (Environment.UserName != "root") Assert.Skip("a Docker engine of one's own needs root's rights");

        // What a killed engine has left would keep its successor from starting.
        File.Delete(Path.Combine(Directory, "docker.pid"));

        // The wrappers become the engine: it keeps their process id.
        string[] loopback = swarm ? ["/bin/sh", "-c", $"{Server.Executable("busybox")} ip link set lo up && exec \"$0\" \"$@\""]
            : [];
        return new ProcessStartInfo(
            Server.Executable("unshare"),
            [
                "--net", .. loopback, _engine, "--data-root", Path.Combine(Directory, "data"), "--exec-root",
                Path.Combine(Directory, "exec"),
                "--pidfile", Path.Combine(Directory, "docker.pid"), "--host", Address.ToString(),
                "--bridge=none", "--iptables=false", "--ip6tables=false", "--log-level=warn",
                .. swarm ? Array.Empty<string>() : ["--live-restore"],
            ]);
    }

    /// <inheritdoc/>
    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
            await socket.SendAsync("GET /_ping HTTP/1.0\r\n\r\n"u8.ToArray());
            var answer = new byte[64];
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            var length = await socket.ReceiveAsync(answer, patience.Token);
            return System.Text.Encoding.ASCII.GetString(answer, 0, length).Contains(" 200 ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override async Task CleanAsync()
    {
        // Mounts that the engine has left, the innermost first.
        var mounts = (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Select(line => line.Split(' ')[4])
            .Where(path => path.StartsWith(Directory + "/", StringComparison.Ordinal)).OrderDescending(StringComparer.Ordinal)
            .ToList();
        foreach (var mount in mounts) await RunAsync("umount", "--lazy", mount);
    }
}
