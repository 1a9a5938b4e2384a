using System.Net.Http.Headers;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Runtime;

namespace LifecycleManager.Clients.Masters;

/// <summary>The connections of one client to its masters, with who it is. Its callers limit the time of their calls.</summary>
public sealed class MasterHttp : IDisposable
{
    private readonly Func<AuthenticationHeaderValue?> _caller;
    private readonly HttpMessageInvoker _http;
    private readonly HttpMessageInvoker _following;

    /// <summary>Connections that are made when they are needed.</summary>
    /// <param name="caller">What goes with a call, asked for at each; null for nobody.</param>
    /// <param name="tls">What is shown to a master that asks for a certificate, and whom is trusted; null for the usual.</param>
    /// <param name="connectTimeout">The longest that a connection may take to be made.</param>
    public MasterHttp(Func<AuthenticationHeaderValue?> caller, ClientTls? tls, TimeSpan connectTimeout)
        : this(caller, Connections(tls, connectTimeout))
    {
    }

    internal MasterHttp(Func<AuthenticationHeaderValue?> caller, HttpMessageHandler connections)
    {
        _caller = caller;
        _http = new HttpMessageInvoker(connections);
        _following = new HttpMessageInvoker(new LeaderRedirectHandler { InnerHandler = connections }, disposeHandler: false);
    }

    /// <summary>Sends a call; the answer's body is read by the caller as it comes.</summary>
    /// <param name="request">The call.</param>
    /// <param name="followLeader">Whether a redirect is followed, rather than returned.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="HttpRequestException">Nobody answers, or redirects lead nowhere.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool followLeader, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Headers.Authorization = _caller();
        return (followLeader ? _following : _http).SendAsync(request, cancellation);
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Connections(ClientTls? tls, TimeSpan connectTimeout)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        tls?.ApplyTo(handler.SslOptions);
        return handler;
    }
}
