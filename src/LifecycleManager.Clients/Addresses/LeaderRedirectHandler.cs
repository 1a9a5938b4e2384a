using System.Net;

namespace LifecycleManager.Clients.Addresses;

/// <summary>
/// Follows the redirects (307 and 308) of servers that stand by to the one that leads: the same call, with its credentials, to
/// the same path at the address that is named. The answer's request has the address that answered.
/// </summary>
/// <remarks>A call's content is sent as often as it is redirected, and must be one that can be: bytes, not a stream.</remarks>
public sealed class LeaderRedirectHandler : DelegatingHandler
{
    private const int MaxRedirects = 5;

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        for (var redirects = 0; ; redirects++)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.StatusCode is not (HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)) return answer;
            using (answer)
            {
                if (redirects == MaxRedirects) throw new HttpRequestException($"redirected more than {MaxRedirects} times");
                request.RequestUri = Leader(request.RequestUri!, answer.Headers.Location);
            }
        }
    }

    private static Uri Leader(Uri asked, Uri? location)
    {
        if (location is null) throw new HttpRequestException("redirected without an address");

        // Mesos names "//host:port", with a path or without.
        var leader = new Uri(asked, location);
        if (leader.Scheme is not ("http" or "https"))
            throw new HttpRequestException($"redirected to {leader}, which is not HTTP");

        // Credentials, and what tasks hold, are for no network that can be listened to.
        if (asked.Scheme == "https" && leader.Scheme == "http")
            throw new HttpRequestException($"redirected to {leader}, which is not encrypted");
        return new UriBuilder(asked) { Scheme = leader.Scheme, Host = leader.Host, Port = leader.Port }.Uri;
    }
}
