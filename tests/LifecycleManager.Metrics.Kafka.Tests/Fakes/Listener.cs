using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Metrics.Kafka.Tests.Fakes;

/// <summary>Takes connections, and does with each what a test wants.</summary>
internal sealed class Listener : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _taken = [];

    public Listener(Func<NetworkStream, Task> handle)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = TakeAsync(handle);
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>How many connections there were.</summary>
    public int Count => _taken.Count;

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var client in _taken) client.Dispose();
    }

    private async Task TakeAsync(Func<NetworkStream, Task> handle)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _taken.Add(client);
                _ = HandleAsync(client, handle);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task HandleAsync(TcpClient client, Func<NetworkStream, Task> handle)
    {
        using (client)
        {
            try
            {
                await handle(client.GetStream());
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException
                or System.Security.Authentication.AuthenticationException)
            {
                // What the client thinks of it is what the test looks at.
            }
        }
    }
}
