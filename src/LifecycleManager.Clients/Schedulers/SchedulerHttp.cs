using LifecycleManager.Clients.Addresses;
using LifecycleManager.Runtime;

namespace LifecycleManager.Clients.Schedulers;

/// <summary>Clients of a scheduler and those that stand by for it.</summary>
public static class SchedulerHttp
{
    /// <summary>
    /// A client whose calls go to the scheduler that answers, and on to the leader that it redirects to. Without a time limit,
    /// for an event stream has no end: callers limit their calls.
    /// </summary>
    /// <param name="schedulers">Where they are; the base address is that of the first.</param>
    /// <param name="caller">Says who calls; null for nobody. The client disposes of it.</param>
    /// <param name="tls">What is shown to one that asks for a certificate, and whom is trusted; null for the usual.</param>
    public static HttpClient Create(AddressList schedulers, DelegatingHandler? caller = null, ClientTls? tls = null)
    {
        ArgumentNullException.ThrowIfNull(schedulers);
        var connections = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        };
        tls?.ApplyTo(connections.SslOptions);
        HttpMessageHandler handler = new AddressListHandler(schedulers)
        {
            InnerHandler = new LeaderRedirectHandler { InnerHandler = connections },
        };
        if (caller is not null)
        {
            caller.InnerHandler = handler;
            handler = caller;
        }

        return new HttpClient(handler) { BaseAddress = schedulers.Current, Timeout = Timeout.InfiniteTimeSpan };
    }
}
