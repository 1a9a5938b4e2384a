using System.Net.Sockets;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>Stands between an agent and the real engine, to be away or to hang.</summary>
public sealed class SocketProxy(string path, string target) : IDisposable
{
    private Socket? _listener;
    private CancellationTokenSource _connections = new();
    private volatile bool _hangs;

    public Uri Address => new("unix://" + path);

    public void Start()
    {
        File.Delete(path);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(64);
        _ = AcceptAsync(_listener);
    }

    /// <summary>Accepts and answers nothing; what is under way stands still.</summary>
    public void Hang() => _hangs = true;

    public void Resume() => _hangs = false;

    public void Stop()
    {
        _listener?.Dispose();
        _connections.Cancel();
        _connections = new CancellationTokenSource();
        File.Delete(path);
    }

    public void Dispose()
    {
        Stop();
        _connections.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptAsync(), _connections.Token);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellation)
    {
        using (client)
        using (var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(target), cancellation);
            await Task.WhenAny(PumpAsync(client, server, cancellation), PumpAsync(server, client, cancellation));
        }
    }

    private async Task PumpAsync(Socket from, Socket to, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, cancellation)) > 0)
            {
                while (_hangs) await Task.Delay(20, cancellation);
                await to.SendAsync(buffer.AsMemory(0, read), cancellation);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side has gone.
        }
    }
}
