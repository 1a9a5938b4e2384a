using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console.Callers;
using LifecycleManager.Runtime;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Clients;

/// <summary>Clients of the roles, one a caller over the connections of all of them.</summary>
internal sealed class RoleHttp : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SocketsHttpHandler _sockets;
    private readonly HttpMessageHandler _connections;
    private readonly HttpMessageHandler _nameless;

    /// <param name="tls">What a role that asks for a certificate is shown, and whom is taken for one; null for the usual.</param>
    public RoleHttp(ClientTls? tls)
    {
        _sockets = Sockets(tls, shows: true);
        _connections = new LeaderRedirectHandler { InnerHandler = _sockets };
        _nameless = new LeaderRedirectHandler { InnerHandler = Sockets(tls, shows: false) };
    }

    /// <summary>A client that asks as somebody. What is streamed has no limit of time once it has begun.</summary>
    public HttpClient For(PageCaller caller, Uri address, TimeSpan? timeout = null) =>
        new(new CallerHandler(caller) { InnerHandler = _connections }, disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = timeout ?? Timeout,
        };

    /// <summary>
    /// Asks the leading master. Who says who he is, is asked for so. For others, whom the scheduler has let see all, the console
    /// reads as itself; it changes nothing for them but what the master lets anybody.
    /// </summary>
    /// <param name="caller">Who looks at the page.</param>
    /// <param name="masters">The masters.</param>
    /// <param name="credential">Who the console is to a master that asks.</param>
    public ClusterCalls Cluster(PageCaller caller, AddressList masters, Credential? credential)
    {
        var list = new AddressListHandler(masters) { InnerHandler = _connections };
        HttpMessageHandler reading = caller.Authorization is null && credential is not null
            ? new PrincipalHandler(credential) { InnerHandler = list } : new CallerHandler(caller) { InnerHandler = list };
        var changing = caller.Authorization is not null ? list : new AddressListHandler(masters) { InnerHandler = _nameless };
        return new ClusterCalls(Of(reading), Of(new CallerHandler(caller) { InnerHandler = changing }));

        // Which of them, the list says.
        static HttpClient Of(HttpMessageHandler handler) =>
            new(handler, disposeHandler: false) { BaseAddress = new Uri("http://master"), Timeout = Timeout };
    }

    /// <summary>A client of one agent that asks as somebody: it leads nowhere else, and each call has its own limit.</summary>
    public HttpClient ForAgent(PageCaller caller, Uri address) =>
        new(new CallerHandler(caller) { InnerHandler = _sockets }, disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

    /// <inheritdoc/>
    public void Dispose()
    {
        _connections.Dispose();
        _nameless.Dispose();
    }

    private static SocketsHttpHandler Sockets(ClientTls? tls, bool shows)
    {
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        };
        tls?.ApplyTo(sockets.SslOptions);
        if (!shows) sockets.SslOptions.LocalCertificateSelectionCallback = null;
        return sockets;
    }
}
