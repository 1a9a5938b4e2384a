using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>A server that is asked over HTTP: bounded answers, no redirects, no cookies, no proxy.</summary>
internal sealed class HttpConnection : SourceConnection
{
    private readonly HttpMessageInvoker _http;
    private readonly int _maxBodyBytes;

    public HttpConnection(SourceServer server, string[] material, CollectorOptions options)
        : base(server, material)
    {
        _maxBodyBytes = options.MaxBodyBytes;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.Timeout,
            MaxConnectionsPerServer = server.Concurrency,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            PooledConnectionIdleTimeout = options.Interval * 2 + TimeSpan.FromSeconds(30),
        };
        if (server.Url.Scheme == Uri.UriSchemeHttps) SourceTls.Apply(server, handler.SslOptions);
        // The handler itself asks for the certificate of the address' name, whatever the options say.
        if (server.TlsName is not null) handler.ConnectCallback = ConnectAsync;
        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>Asks, and reads the answer whatever its status.</summary>
    /// <param name="path">The path, escaped, with its own query if any.</param>
    /// <param name="body">What is posted; null to get.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ScrapeException">There was no whole answer, or a credential cannot be read.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> AskAsync(
        string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, Server.At(path))
        {
            Content = body,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "LifecycleManager");
        foreach (var (name, value) in Server.Headers) request.Headers.TryAddWithoutValidation(name, value());
        request.Headers.Authorization = Server.Authorization?.Invoke();
        try
        {
            using var response = await _http.SendAsync(request, cancellation);
            if ((int)response.StatusCode is >= 300 and < 400)
                throw new ScrapeException(FailureReason.Status,
                    $"{Server.Address} answered {(int)response.StatusCode}, a redirect: name the address that it leads to");
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            return (response.StatusCode, await ReadAsync(stream, cancellation));
        }
        catch (InvalidDataException)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{Server.Address}: the compressed body is damaged");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ScrapeException(FailureReason.Connection, $"{Server.Address}: {HttpProblem.Describe(e)}");
        }
    }

    /// <summary>A refusal, with what to do about it.</summary>
    /// <param name="what">What was asked, for the message.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="said">What the server said of it; null for nothing.</param>
    public ScrapeException Refused(string what, HttpStatusCode status, string? said) => new(
        status is HttpStatusCode.NotFound ? FailureReason.NotFound : FailureReason.Status,
        $"{what} answered {(int)status}" + (said is null ? "" : $": {said}") + status switch
        {
            HttpStatusCode.Unauthorized => $"; name credentials: {Server.CredentialHint}",
            HttpStatusCode.Forbidden => $"; the user may not see it: {Server.CredentialHint}",
            HttpStatusCode.ServiceUnavailable when said is null => "; it starts, or is overloaded",
            _ => "",
        });

    protected override void Close() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            if (Server.Url.Scheme != Uri.UriSchemeHttps) return new NetworkStream(socket, ownsSocket: true);
            var tls = new SslClientAuthenticationOptions();
            SourceTls.Apply(Server, tls);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(tls, cancellation);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            if (all.Length + read > _maxBodyBytes)
                throw new ScrapeException(FailureReason.TooLarge,
                    $"{Server.Address}: the body is longer than {_maxBodyBytes} bytes");
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
