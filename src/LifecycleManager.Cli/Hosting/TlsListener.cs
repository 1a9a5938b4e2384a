using System.Net;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// Listens with TLS, each connection by what is in force when it begins, and tells why a peer did not get through the handshake;
/// one whose client is not taken any more, ends.
/// </summary>
/// <param name="followed">How it speaks.</param>
/// <param name="refusals">Tells each cause of a peer once.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed class TlsListener(FollowedFiles<ServerTls> followed, RefusalLog refusals, TimeProvider time, ILogger log)
{
    private static readonly AsyncLocal<Handshake?> Current = new();

    private readonly OpenTlsConnections _open = new(followed, refusals, time, log);

    /// <summary>Sets an endpoint up.</summary>
    public void Listen(ListenOptions options)
    {
        options.Use(next => connection => WatchAsync(connection, next));
        options.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(followed.Current.Options(time, Refuse)),
        });
        options.Use(next => async connection =>
        {
            if (Current.Value is { } handshake) handshake.IsDone = true;
            using var open = _open.Add(connection);
            await next(connection);
        });
    }

    /// <summary>The address of a connection's other end, without the port.</summary>
    public static string PeerOf(ConnectionContext connection) =>
        connection.RemoteEndPoint is IPEndPoint peer ? peer.Address.ToString() : "a peer";

    private static void Refuse(string problem)
    {
        if (Current.Value is { } handshake) handshake.Problem = problem;
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
                    log, PeerOf(connection),
                    handshake.Problem ?? (followed.Current is { ClientsMust: true, ClientAuthorities: not null }
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
