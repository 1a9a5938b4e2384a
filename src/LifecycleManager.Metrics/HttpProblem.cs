using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using LifecycleManager.Metrics.Targets;
using Refit;

namespace LifecycleManager.Metrics;

/// <summary>Describes in a few words why a call failed, without the answer's body and without credentials.</summary>
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
        HttpRequestException http when Certificate(http) is { } problem => problem.Message,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } http => Tls(http),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } =>
            "what answers there does not speak HTTP: is the scheme right?",
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }
            or HttpRequestException { InnerException: IOException { InnerException: SocketException } } =>
            "it closed the connection without an answer: is the scheme right?",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => $"bad answer: {http.HttpRequestError}",
        HttpIOException io => $"the answer broke off: {io.HttpRequestError}",
        IOException { InnerException: SocketException socket } => $"the answer broke off: {socket.SocketErrorCode}",
        OperationCanceledException => "timed out",
        _ => exception.Message,
    };

    /// <summary>Whether the connection failed since the certificate is not taken.</summary>
    public static bool IsCertificate(Exception exception) => Certificate(exception) is not null;

    private static CertificateProblem? Certificate(Exception? exception)
    {
        while (exception is not (null or CertificateProblem)) exception = exception.InnerException;
        return exception as CertificateProblem;
    }

    // An alert comes with the TLS library's own words; what is no TLS has none, since the first bytes are no record.
    private static string Tls(HttpRequestException exception) => exception.InnerException switch
    {
        AuthenticationException { InnerException: { } inner } => $"the TLS handshake failed: {inner.Message}",
        _ => "what answers there does not speak TLS: is the scheme right?",
    };
}
