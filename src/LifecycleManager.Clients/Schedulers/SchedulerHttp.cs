using LifecycleManager.Clients.Addresses;

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
    public static HttpClient Create(AddressList schedulers, DelegatingHandler? caller = null)
    {
        ArgumentNullException.ThrowIfNull(schedulers);
        HttpMessageHandler handler = new AddressListHandler(schedulers)
        {
            InnerHandler = new LeaderRedirectHandler
            {
                InnerHandler = new SocketsHttpHandler
                {
                    AllowAutoRedirect = false,
                    PooledConnectionLifetime = TimeSpan.FromMinutes(15),
                },
            },
        };
        if (caller is not null)
        {
            caller.InnerHandler = handler;
            handler = caller;
        }

        return new HttpClient(handler) { BaseAddress = schedulers.Current, Timeout = Timeout.InfiniteTimeSpan };
    }
}
