using System.Net;

namespace LifecycleManager.Clients.Addresses;

/// <summary>
/// Sends each call to the address of a list that answers. A call that reached nobody goes to the next address at once; a read
/// also where the answer is 503, which a standby without a leader gives. What may have been taken is not sent a second time: its
/// caller gets the failure, and the next call goes elsewhere.
/// </summary>
/// <param name="addresses">Scheme, host and port are taken from these; path and query are the call's.</param>
public sealed class AddressListHandler(AddressList addresses) : DelegatingHandler
{
    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await addresses.RefreshAsync(cancellationToken);
        for (var left = addresses.Count; ; left--)
        {
            var address = addresses.Current;
            request.RequestUri = new UriBuilder(request.RequestUri!)
            {
                Scheme = address.Scheme,
                Host = address.Host,
                Port = address.Port
            }.Uri;
            try
            {
                var answer = await base.SendAsync(request, cancellationToken);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable) return answer;
                addresses.Leave(address);
                if (left == 1 || request.Method != HttpMethod.Get) return answer;
                answer.Dispose();
            }
            catch (HttpRequestException e)
            {
                addresses.Leave(address);
                if (left == 1 || !Failures.IsUnsent(e)) throw;
            }
            catch (OperationCanceledException)
            {
                // Its time is over: the next attempt is for another.
                addresses.Leave(address);
                throw;
            }
        }
    }
}
