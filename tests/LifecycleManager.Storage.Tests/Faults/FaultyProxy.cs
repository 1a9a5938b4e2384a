using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Storage.Tests.Faults;

/// <summary>Stands between a client and a server, and fails as networks do.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<(Socket Client, Socket Server)> _pairs = [];
    private readonly (string Host, int Port) _target;
    private readonly Task _accepting;
    private TaskCompletionSource _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _marker;
    private bool _forwardMarked;

    public FaultyProxy(string host, int port)
    {
        _target = (host, port);
        _thawed.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections are closed as soon as they are made.</summary>
    public bool Refuses { get; set; }

    /// <summary>How many connections were made.</summary>
    public int Accepted { get; private set; }

    /// <summary>Closes all connections.</summary>
    public void Cut()
    {
        lock (_pairs)
        {
            foreach (var (client, server) in _pairs)
            {
                client.Dispose();
                server.Dispose();
            }

            _pairs.Clear();
        }
    }

    /// <summary>Nothing passes in either direction, though the connections stand.</summary>
    public void Freeze() => _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => _thawed.TrySetResult();

    /// <summary>
    /// The next request that holds these bytes reaches the server, but the connections are cut before its answer passes.
    /// </summary>
    public void LoseAnswerTo(byte[] marker) => (_marker, _forwardMarked) = (marker, true);

    /// <summary>The connections are cut as the next request that holds these bytes comes: it never reaches the server.</summary>
    public void LoseRequest(byte[] marker) => (_marker, _forwardMarked) = (marker, false);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        Thaw();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_ending.Token);
                Accepted++;
                if (Refuses)
                {
                    client.Dispose();
                    continue;
                }

                var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                await server.ConnectAsync(_target.Host, _target.Port, _ending.Token);
                lock (_pairs) _pairs.Add((client, server));
                _ = ForwardAsync(client, server, requests: true);
                _ = ForwardAsync(server, client, requests: false);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The test ends, or the server is away.
            }
        }
    }

    private async Task ForwardAsync(Socket from, Socket to, bool requests)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                await _thawed.Task;
                if (requests && _marker is { } marker && buffer.AsSpan(0, count).IndexOf(marker) >= 0)
                {
                    _marker = null;
                    if (_forwardMarked)
                    {
                        // The answer is held back long enough for the server to have acted.
                        Freeze();
                        await to.SendAsync(buffer.AsMemory(0, count));
                        await Task.Delay(300);
                    }

                    Cut();
                    Thaw();
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
