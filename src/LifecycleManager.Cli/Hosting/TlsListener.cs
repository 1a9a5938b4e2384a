using System.Net;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>Listens with TLS, and tells why a peer did not get through the handshake.</summary>
/// <param name="tls">How it speaks.</param>
/// <param name="refusals">Tells each cause of a peer once.</param>
/// <param name="log">The log.</param>
internal sealed class TlsListener(ServerTls tls, RefusalLog refusals, ILogger log)
{
    private static readonly AsyncLocal<Handshake?> Current = new();

    /// <summary>Sets an endpoint up.</summary>
    public void Listen(ListenOptions options)
    {
        var https = tls.Options();
        https.ClientCertificateValidation = (certificate, _, errors) => IsAccepted(tls.ClientProblem(certificate, errors));
        options.Use(next => connection => WatchAsync(connection, next));
        options.UseHttps(https);
        options.Use(next => connection =>
        {
            if (Current.Value is { } handshake) handshake.IsDone = true;
            return next(connection);
        });
    }

    private static bool IsAccepted(string? problem)
    {
        if (problem is not null && Current.Value is { } handshake) handshake.Problem = problem;
        return problem is null;
    }

    private async Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var handshake = Current.Value = new Handshake();
        try
        {
            await next(connection);
        }
        finally
        {
            if (!handshake.IsDone)
            {
                refusals.Refused(
                    log, connection.RemoteEndPoint is IPEndPoint peer ? peer.Address.ToString() : "a peer",
                    handshake.Problem ?? (tls.ClientsMust && tls.ClientAuthorities is not null
                        ? "the TLS handshake ended early: it shows no certificate, does not accept this role's, or does not speak TLS"
                        : "the TLS handshake ended early: it does not accept this role's certificate, or does not speak TLS"));
            }
        }
    }

    private sealed class Handshake
    {
        public string? Problem { get; set; }

        public bool IsDone { get; set; }
    }
}
