using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Testing;

/// <summary>
/// Real servers that a test needs beyond the SDK. A missing one skips the test with its reason; where
/// <c>LCM_REQUIRE_SERVERS=1</c> is set (continuous integration) it fails the test instead.
/// </summary>
public static class Server
{
    private static int _ports = Random.Shared.Next();

    /// <summary>Whether a missing server is a failure rather than a reason to skip.</summary>
    public static bool Required => Environment.GetEnvironmentVariable("LCM_REQUIRE_SERVERS") == "1";

    /// <summary>The Docker engine's address, or skips.</summary>
    public static Uri Docker()
    {
        const string Socket = "/var/run/docker.sock";
        var fromEnvironment = Environment.GetEnvironmentVariable("DOCKER_HOST");
        if (!string.IsNullOrEmpty(fromEnvironment)) return new Uri(fromEnvironment);
        Need(CanConnect(new UnixDomainSocketEndPoint(Socket), AddressFamily.Unix), $"no Docker engine answers at {Socket}");
        return new Uri("unix://" + Socket);
    }

    /// <summary>Root's rights, to have processes run as others, or skips.</summary>
    public static void Root() => Need(Environment.UserName == "root", "only root can run processes as other users");

    /// <summary>An Npgsql connection string from <c>LCM_TEST_POSTGRES</c>, or skips.</summary>
    public static string PostgreSql() => FromEnvironment("LCM_TEST_POSTGRES", "a PostgreSQL connection string");

    /// <summary>A <c>host:port</c> of a ZooKeeper server from <c>LCM_TEST_ZOOKEEPER</c>, or skips.</summary>
    public static string ZooKeeper() => FromEnvironment("LCM_TEST_ZOOKEEPER", "a ZooKeeper host:port");

    /// <summary>The path of an executable found on PATH, or skips. Tests start and end it themselves.</summary>
    public static string Executable(params string[] names)
    {
        var paths = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var found = names.SelectMany(name => paths.Select(path => Path.Combine(path, name))).FirstOrDefault(File.Exists);
        Need(found is not null, $"none of {string.Join(", ", names)} is installed");
        return found!;
    }

    /// <summary>
    /// A TCP port on the loopback interface that was free a moment ago, and that stays so until the test's server takes it: it
    /// lies below the ports that the kernel gives to outgoing connections (32768 and up), from which another connection may take
    /// one in between, and beside the ports that agents offer by themselves (8000 to 9000, 31000 to 32000).
    /// </summary>
    public static int FreePort()
    {
        const int First = 16000, Last = 30000;
        for (var tries = 0; tries < Last - First; tries++)
        {
            // Each process begins at a place of its own, so that test modules that run side by side seldom meet.
            var port = First + (int)((uint)Interlocked.Increment(ref _ports) % (Last - First));
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }

        throw new InvalidOperationException($"No port from {First} to {Last} is free.");
    }

    private static string FromEnvironment(string name, string what)
    {
        var value = Environment.GetEnvironmentVariable(name);
        Need(!string.IsNullOrEmpty(value), $"{name} does not name {what}");
        return value!;
    }

    private static void Need(bool there, string reason)
    {
        if (there) return;
        if (Required) Assert.Fail($"LCM_REQUIRE_SERVERS=1, but {reason}");
        Assert.Skip(reason);
    }

    private static bool CanConnect(EndPoint endPoint, AddressFamily family)
    {
        try
        {
            using var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
