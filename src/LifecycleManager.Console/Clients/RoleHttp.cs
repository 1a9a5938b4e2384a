using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console.Callers;
using LifecycleManager.Runtime;

namespace LifecycleManager.Console.Clients;

/// <summary>Clients of scheduler and manager, one a caller over the connections of all of them.</summary>
internal sealed class RoleHttp : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SocketsHttpHandler _sockets;
    private readonly HttpMessageHandler _connections;

    /// <param name="tls">What a role that asks for a certificate is shown, and whom is taken for one; null for the usual.</param>
    public RoleHttp(ClientTls? tls)
    {
        _sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        };
        tls?.ApplyTo(_sockets.SslOptions);
        _connections = new LeaderRedirectHandler { InnerHandler = _sockets };
    }

    /// <summary>A client that asks as somebody. What is streamed has no limit of time once it has begun.</summary>
    public HttpClient For(PageCaller caller, Uri address) =>
        new(new CallerHandler(caller) { InnerHandler = _connections }, disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = Timeout,
        };

    /// <summary>A client of one agent that asks as somebody: it leads nowhere else, and each call has its own limit.</summary>
    public HttpClient ForAgent(PageCaller caller, Uri address) =>
        new(new CallerHandler(caller) { InnerHandler = _sockets }, disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();
}
