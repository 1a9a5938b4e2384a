using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console.Callers;
using LifecycleManager.Runtime;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Clients;

/// <summary>Clients of the roles, one a caller over the connections of all of them.</summary>
internal sealed class RoleHttp : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly Uri _scheduler;
    private readonly OnBehalf _own;
    private readonly TimeProvider _time;
    private readonly SocketsHttpHandler _sockets;
    private readonly HttpMessageHandler _connections;
    private readonly HttpMessageHandler _nameless;

    /// <param name="options">Where the roles are, what they are shown that ask for a certificate, and who is taken for
    /// one.</param>
    /// <param name="own">Says for whom a call of this process's own scheduler is.</param>
    /// <param name="time">The clock.</param>
    public RoleHttp(ConsoleOptions options, OnBehalf own, TimeProvider time)
    {
        (_scheduler, _own, _time) = (options.Scheduler, own, time);
        _sockets = Sockets(options.Tls, shows: true);
        _connections = new LeaderRedirectHandler { InnerHandler = _sockets };
        _nameless = new LeaderRedirectHandler { InnerHandler = Sockets(options.Tls, shows: false) };
    }

    /// <summary>A client that asks as somebody. What is streamed has no limit of time once it has begun.</summary>
    public HttpClient For(PageCaller caller, Uri address, TimeSpan? timeout = null) =>
        new(As(caller, _connections, address == _scheduler ? _own : null), disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = timeout ?? Timeout,
        };

    /// <summary>
    /// Asks the leading master. Who says who he is, or has shown a certificate, is asked for so. For others, whom the scheduler
    /// has let see all, the console reads as itself; it changes nothing for them but what the master lets anybody.
    /// </summary>
    /// <param name="caller">Who looks at the page.</param>
    /// <param name="masters">The masters.</param>
    /// <param name="credential">Who the console is to a master that asks.</param>
    public ClusterCalls Cluster(PageCaller caller, AddressList masters, Credential? credential)
    {
        var list = new AddressListHandler(masters) { InnerHandler = _connections };
        HttpMessageHandler reading = caller is { Authorization: null, Certificate: null } && credential is not null
            ? new PrincipalHandler(credential) { InnerHandler = list } : As(caller, list, null, credential);

        // A master of Mesos may know the console's certificate, and nothing of those for whom it speaks: who may not change the
        // cluster here, does not by way of it.
        var mayChange = caller.Authorization is not null
            || (caller.Certificate is not null && caller.Scope.MayEverywhere(GroupPermission.Deploy));
        var changing = mayChange ? list : new AddressListHandler(masters) { InnerHandler = _nameless };
        return new ClusterCalls(Of(reading), Of(As(caller, changing, null, mayChange ? credential : null)));

        // Which of them, the list says.
        static HttpClient Of(HttpMessageHandler handler) =>
            new(handler, disposeHandler: false) { BaseAddress = new Uri("http://master"), Timeout = Timeout };
    }

    /// <summary>A client of one agent that asks as somebody: it leads nowhere else, and each call has its own limit.</summary>
    public HttpClient ForAgent(PageCaller caller, Uri address) =>
        new(As(caller, _sockets, null), disposeHandler: false)
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

    // A secret of the console's own is for the master alone: others know it by its certificate.
    private CallerHandler As(PageCaller caller, HttpMessageHandler inner, OnBehalf? self, Credential? speaker = null) =>
        new(caller, self, speaker, _time) { InnerHandler = inner };

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
