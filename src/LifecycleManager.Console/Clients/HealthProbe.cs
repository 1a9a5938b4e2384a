using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LifecycleManager.Clients;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Console.Clients;

/// <summary>Asks a process how it is, and looks at the certificate that it serves with.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>How a process is; one that does not answer is so, and no failure.</summary>
    /// <param name="http">A client of it.</param>
    /// <param name="role">Its role, for people.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<RoleRow> AskAsync(HttpClient http, string role, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, Patience, cancellation);
        var address = http.BaseAddress!;
        var end = await CertificateEndAsync(address, limit.Token);
        try
        {
            using var answer = await http.GetAsync("health", limit.Token);
            var health = await answer.Content.ReadFromJsonAsync<JsonElement>(limit.Token);
            return new RoleRow(role, address, Text(health, "state"),
                answer.IsSuccessStatusCode && Text(health, "status") != "DOWN",
                Texts(health, "reasons", "problems"), Texts(health, "warnings"), end);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            var why = e is JsonException ? "what it answers is no health of a role" : Failures.Describe(e);
            return new RoleRow(role, address, "", null, [why], [], end);
        }
    }

    // Nothing is sent over it: it is looked at, also where nobody would trust it. What cannot be seen, its health tells why not.
    private static async Task<DateTimeOffset?> CertificateEndAsync(Uri address, CancellationToken cancellation)
    {
        if (address.Scheme != Uri.UriSchemeHttps) return null;
        DateTimeOffset? end = null;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.IdnHost, address.Port, cancellation);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = address.IdnHost,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    if (certificate is X509Certificate2 full) end = full.NotAfter.ToUniversalTime();
                    return false;
                },
            }, cancellation);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or OperationCanceledException)
        {
            // It was seen, or is not to be had.
        }

        return end;
    }

    private static string Text(JsonElement health, string name) =>
        health.ValueKind == JsonValueKind.Object && health.TryGetProperty(name, out var text) ? text.ToString() : "";

    private static IReadOnlyList<string> Texts(JsonElement health, params string[] names) =>
        health.ValueKind != JsonValueKind.Object ? []
        : [.. names.Where(name => health.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array)
            .SelectMany(name => health.GetProperty(name).EnumerateArray()).Select(text => text.ToString())];
}
