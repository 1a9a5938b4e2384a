using System.Net.Http;
using System.Net.Sockets;
using Refit;

namespace LifecycleManager.Metrics;

/// <summary>What went wrong, in a few words for people. No answer's body and no credential comes into them.</summary>
internal static class HttpProblem
{
    public static string Describe(Exception exception) => exception switch
    {
        ApiException api => $"it answered {(int)api.StatusCode}",
        HttpRequestException { InnerException: SocketException socket } => socket.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.HostNotFound or SocketError.NoData => "the host name is unknown",
            SocketError.TimedOut => "the connection timed out",
            var code => $"no connection: {code}",
        },
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
            "no TLS connection: the certificate or the protocol is refused",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => $"bad answer: {http.HttpRequestError}",
        HttpIOException io => $"the answer broke off: {io.HttpRequestError}",
        OperationCanceledException => "timed out",
        _ => exception.Message,
    };
}
