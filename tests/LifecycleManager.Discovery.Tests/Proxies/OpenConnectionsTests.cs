using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LifecycleManager.Discovery.Proxies;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.Discovery.Tests.Proxies;

/// <summary>
/// A real proxy that is told of a new configuration leaves its old worker behind, with the connections that are open: none of
/// them may lead a request to an instance that has left, however long its client has kept it for later.
/// </summary>
public sealed class OpenConnectionsTests : IDisposable
{
    private const string Leaving = "the one that leaves";
    private const string Staying = "the one that stays";

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-proxy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public async Task A_connection_that_has_brought_no_request_ends_before_its_instance_does(ProxyKind kind)
    {
        var program = Server.Executable(kind == ProxyKind.Nginx ? "nginx" : "haproxy");
        await using var leaving = await FakeServer.StartAsync();
        await using var staying = await FakeServer.StartAsync();
        leaving.Answer = _ => (200, Leaving);
        staying.Answer = _ => (200, Staying);
        var (named, port) = (Server.FreePort(), Server.FreePort());
        var output = Path.Combine(_directory, "proxy.conf");
        await WriteAsync(leaving);
        var (run, signal) = kind == ProxyKind.Nginx
            ? ($"{program} -e stderr -c {output} -g 'daemon off; pid {_directory}/nginx.pid;'", "HUP")
            : ($"{program} -W -db -f {output}", "USR2");
        using var proxy = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec {run}"]))!;
        try
        {
            await Eventually.TrueAsync(async () => await AskAsync() == Leaving, "an answer before");

            // By a virtual host both serve HTTP; of the service port itself HAProxy does.
            int[] ports = kind == ProxyKind.Nginx ? [named] : [named, port];
            var unused = await Task.WhenAll(ports.Select(ConnectAsync));
            var used = await Task.WhenAll(ports.Select(ConnectAsync));
            foreach (var connection in used) Assert.Equal(Leaving, await RequestAsync(connection));

            await WriteAsync(staying);
            await Eventually.TrueAsync(async () =>
            {
                // Told until it heeds it: HAProxy's worker answers before its master hears signals.
                using var told = Process.Start("/bin/kill", [$"-{signal}", $"{proxy.Id}"]);
                await told.WaitForExitAsync();
                return await AskAsync() == Staying;
            }, "an answer of the new configuration");

            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            foreach (var connection in unused.Concat(used))
            {
                Assert.Equal(0, await connection.ReceiveAsync(new byte[1_024], limit.Token));
                connection.Dispose();
            }
        }
        finally
        {
            proxy.Kill(entireProcessTree: true);
            await proxy.WaitForExitAsync();
        }

        Task WriteAsync(FakeServer backend)
        {
            AppTask[] tasks = [new() { Id = "t1", AppId = "/web", Host = "127.0.0.1", Ports = [backend.Address.Port],
                ServicePorts = [port], State = "TASK_RUNNING" }];
            var labels = new Dictionary<string, string> { ["lcm.proxy.0.vhost"] = "web.example.com" };
            return File.WriteAllTextAsync(output, ProxyConfiguration.Render(kind, tasks,
                [new App { Id = "/web", Labels = labels }], new ProxyOptions { Address = "127.0.0.1", HttpPort = named }));
        }

        async Task<string> AskAsync()
        {
            Assert.False(proxy.HasExited);
            try
            {
                using var connection = await ConnectAsync(named);
                return await RequestAsync(connection);
            }
            catch (SocketException)
            {
                return "";
            }
        }
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var connection = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await connection.ConnectAsync(IPAddress.Loopback, port);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static async Task<string> RequestAsync(Socket connection)
    {
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: web.example.com\r\n\r\n"u8.ToArray());
        var (answer, length) = (new byte[1_024], 0);
        while (await connection.ReceiveAsync(answer.AsMemory(length)) is > 0 and var count)
        {
            length += count;
            var text = Encoding.ASCII.GetString(answer, 0, length);
            foreach (var body in (string[])[Leaving, Staying])
                if (text.Contains(body, StringComparison.Ordinal)) return body;
        }

        return "";
    }
}
