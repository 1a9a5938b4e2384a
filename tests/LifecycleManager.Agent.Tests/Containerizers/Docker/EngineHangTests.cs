using System.Net;
using System.Net.Sockets;
using System.Text;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

/// <summary>Calls of any length, such as a wait for a container's end, a pull or a log, to an engine that hangs.</summary>
public sealed class EngineHangTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly JumpingTime _time = new();
    private volatile bool _hangs;

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task They_end_when_it_has_stopped_answering_and_are_told_so()
    {
        _listener.Start();
        _ = ServeAsync();
        using var engine = new DockerEngine(
            new AgentOptions
            {
                WorkDirectory = _directory.Path,
                Docker = new Uri($"tcp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}")
            },
            _time, NullLogger<DockerEngine>.Instance);
        await engine.LookAsync(CancellationToken.None);
        Assert.True(engine.IsUp);
        var wait = engine.LongCallAsync((client, token) => client.Containers.WaitContainerAsync("x", token),
            CancellationToken.None);

        _hangs = true;
        while (engine.IsUp)
        {
            Assert.False(wait.IsCompleted);
            var look = engine.LookAsync(CancellationToken.None);
            await Eventually.TrueAsync(() =>
            {
                _time.Add(TimeSpan.FromSeconds(5));
                return look.IsCompleted;
            });
        }

        await Assert.ThrowsAsync<DockerUnavailableException>(() => wait);
        Assert.NotNull(engine.Problem);

        // It begins anew with the engine.
        _hangs = false;
        await engine.LookAsync(CancellationToken.None);
        Assert.True(engine.IsUp);
        Assert.Null(engine.Problem);
        var again = engine.LongCallAsync((client, token) => client.Containers.WaitContainerAsync("x", token),
            CancellationToken.None);
        Assert.False(again.IsCompleted);
    }

    /// <summary>Answers pings, while it does not hang, and nothing else ever.</summary>
    private async Task ServeAsync()
    {
        try
        {
            while (true) _ = AnswerAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        var buffer = new byte[4096];
        int read;
        while ((read = await client.ReceiveAsync(buffer)) > 0)
        {
            if (_hangs || !Encoding.ASCII.GetString(buffer, 0, read).Contains("/_ping", StringComparison.Ordinal)) continue;
            await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray());
        }
    }
}
