using System.Net.Http;
using System.Net.Sockets;
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
        HttpRequestException http when CertificateProblem.Explain(http) is { } problem => problem,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => CertificateProblem.NoTls,
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
}
