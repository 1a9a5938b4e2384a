using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace LifecycleManager.Clusters.Http;

/// <summary>Explains in one sentence what went wrong on the way to an orchestrator.</summary>
public static class HttpErrors
{
    private const int MaxLength = 400;

    /// <summary>The sentence; it names the address and holds no secret.</summary>
    /// <param name="e">What a call threw.</param>
    /// <param name="address">Who was called.</param>
    public static string Explain(Exception e, Uri address) => e switch
    {
        CredentialException => e.Message,
        BrokenCircuitException => $"{address} failed repeatedly and is not called for some seconds",
        TimeoutRejectedException or OperationCanceledException => $"{address} did not answer in time",
        HttpRequestException { InnerException: AuthenticationException inner } =>
            $"{address}: no trusted TLS connection: {inner.Message}",
        SocketException socket => $"{address} cannot be reached: {Clip(socket.Message)}",
        HttpRequestException { InnerException: SocketException socket } =>
            $"{address} cannot be reached: {socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the host name is unknown",
                _ => Clip(socket.Message),
            }}",
        HttpRequestException or IOException => $"{address} cannot be reached: {Clip(e.Message)}",
        JsonException => $"{address} did not answer with the JSON that was expected",
        _ => $"{address}: {e.GetType().Name}: {Clip(e.Message)}",
    };

    /// <summary>A text from outside, on one line of 400 characters at most.</summary>
    public static string Clip(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= MaxLength ? line : line[..MaxLength] + "...";
    }
}
