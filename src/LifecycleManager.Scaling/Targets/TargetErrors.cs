using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Says in one sentence what went wrong on the way to a target.</summary>
internal static class TargetErrors
{
    private const int Longest = 400;

    public static string Explain(Exception e, Uri address) => e switch
    {
        TargetCredentialException => e.Message,
        BrokenCircuitException => $"{address} failed again and again and is given a rest",
        TimeoutRejectedException or OperationCanceledException => $"{address} did not answer in time",
        HttpRequestException { InnerException: AuthenticationException inner } =>
            $"{address}: no trusted TLS connection: {inner.Message}",
        SocketException socket => $"{address} cannot be reached: {Clip(socket.Message)}",
        HttpRequestException { InnerException: SocketException socket } =>
            $"{address} cannot be reached: {socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the name is not known",
                _ => Clip(socket.Message),
            }}",
        HttpRequestException or IOException => $"{address} cannot be reached: {Clip(e.Message)}",
        JsonException => $"{address} did not answer with the JSON that was expected",
        _ => $"{address}: {e.GetType().Name}: {Clip(e.Message)}",
    };

    /// <summary>The text of others, on one line and not endless.</summary>
    public static string Clip(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= Longest ? line : line[..Longest] + "...";
    }
}
