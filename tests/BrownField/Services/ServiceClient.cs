namespace BrownField.Services;

/// <summary>How one service calls another.</summary>
internal static class ServiceClient
{
    /// <summary>A client with bounded answers that looks an address up anew every minute.</summary>
    public static HttpClient Create(TimeSpan timeout) => new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    })
    {
        Timeout = timeout,
        MaxResponseContentBufferSize = 1024 * 1024,
    };
}
