using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>
/// A server that answers bytes, right or wrong, and closes: what frameworks do not let one send.
/// </summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, byte[]> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _work;

    /// <summary>Starts one.</summary>
    /// <param name="answer">The bytes for a request, which is given as the text of its head.</param>
    /// <param name="certificate">With which it speaks TLS; null for not.</param>
    public RawServer(Func<string, byte[]> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        _work = Task.Run(ServeAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A whole answer.</summary>
    public static byte[] Ok(string type, ReadOnlySpan<byte> body, string headers = "") =>
    [
        .. Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n{headers}"
            + "Connection: close\r\n\r\n"),
        .. body,
    ];

    /// <summary>An answer without a body.</summary>
    public static byte[] Status(int status, string headers = "") =>
        Encoding.Latin1.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{headers}Connection: close\r\n\r\n");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _work;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(
                        new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                    stream = tls;
                }

                var head = new StringBuilder();
                var buffer = new byte[4096];
                // What does not begin as HTTP does, it answers at once, as servers do.
                while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && !(head.Length > 0 && head[0] < ' '))
                {
                    var read = await stream.ReadAsync(buffer, _stop.Token);
                    if (read == 0) return;
                    head.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }

                await stream.WriteAsync(_answer(head.ToString()), _stop.Token);
                await stream.FlushAsync(_stop.Token);
                if (stream is SslStream secure) await secure.ShutdownAsync();
                client.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException
                or System.Security.Authentication.AuthenticationException)
            {
                // The client has gone, which is its right.
            }
        }
    }
}
