using System.Collections.Concurrent;
using System.Net;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// The pools of connections: one for each way in which targets are known to be themselves, so that no connection that was taken
/// without a check serves a target that is to be checked.
/// </summary>
internal sealed class ScrapeHandlers(CollectorOptions options) : IDisposable
{
    private const int Most = 1_000;
    private readonly ConcurrentDictionary<TlsSettings, Lazy<HttpMessageInvoker>> _pools = new();

    /// <summary>The pool for some settings.</summary>
    /// <exception cref="ScrapeException">There are too many different ones.</exception>
    public HttpMessageInvoker For(TlsSettings tls)
    {
        if (_pools.TryGetValue(tls, out var known)) return known.Value;
        if (_pools.Count >= Most)
        {
            throw new ScrapeException(FailureReason.Configuration,
                $"more than {Most} different settings of TLS since the start: name authorities that targets share");
        }

        return _pools.GetOrAdd(tls, settings => new Lazy<HttpMessageInvoker>(() => Create(settings))).Value;
    }

    public void Dispose()
    {
        foreach (var pool in _pools.Values) pool.Value.Dispose();
    }

    private HttpMessageInvoker Create(TlsSettings tls)
    {
        var handler = Handler(tls);
        if (tls.IsOfCluster) options.ClusterTls?.ApplyTo(handler.SslOptions);
        return new HttpMessageInvoker(handler);
    }

    private SocketsHttpHandler Handler(TlsSettings tls) => new()
    {
        // Which redirects are followed, and what becomes of a compressed body, the client decides.
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.Timeout,
        MaxConnectionsPerServer = 8,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        PooledConnectionIdleTimeout = options.Interval * 2 + TimeSpan.FromSeconds(30),
        SslOptions = tls.ToOptions(),
    };
}
