using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// The open connections whose clients have shown a certificate. Those end whose certificate is not taken any more: it is over,
/// revoked, or of an authority that is gone. For any thread.
/// </summary>
/// <param name="followed">Whose certificates are taken.</param>
/// <param name="refusals">Tells each cause of a peer once.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed class OpenTlsConnections(
    FollowedFiles<ServerTls> followed, RefusalLog refusals, TimeProvider time, ILogger log)
{
    /// <summary>How often a certificate's end is looked at, at least: a wall clock may be set.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<Connection> _open = [];

    private FollowedFiles<ServerTls> Followed => followed;

    private TimeProvider Time => time;

    /// <summary>Watches a connection, whose handshake is done, until what is returned is disposed of; null for one without a
    /// certificate.</summary>
    public IDisposable? Add(ConnectionContext connection)
    {
        if (connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate) return null;
        var added = new Connection(this, connection, certificate);
        lock (_lock)
        {
            // The files outlive a role that ends and begins again: nobody looks for one that has no connection left.
            if (_open.Count == 0) followed.Changed += Look;
            _open.Add(added);
        }

        // What has changed since the handshake began was not looked at.
        added.Look();
        added.Arm();
        return added;
    }

    private void Look()
    {
        Connection[] open;
        lock (_lock) open = [.. _open];
        foreach (var connection in open) connection.Look();
    }

    private sealed class Connection(OpenTlsConnections owner, ConnectionContext connection, X509Certificate2 certificate)
        : IDisposable
    {
        private readonly Lock _using = new();
        private CappedTimer? _end;
        private bool _isOver;

        /// <summary>Looks again when the certificate is over.</summary>
        public void Arm()
        {
            lock (_using)
            {
                if (_isOver) return;
                var left = certificate.NotAfter.ToUniversalTime() - owner.Time.GetUtcNow().UtcDateTime;
                (_end ??= new CappedTimer(owner.Time, () =>
                {
                    Look();
                    Arm();
                })).Set(left < Shortest ? Shortest : left < Longest ? left : Longest);
            }
        }

        // What belongs to the connection is not touched once it is over.
        public void Look()
        {
            lock (_using)
            {
                var now = owner.Time.GetUtcNow();
                if (_isOver || owner.Followed.Current.ClientProblem(certificate, now) is not { } problem) return;
                owner.Tell(connection, problem);
                _isOver = true;
                connection.Abort();
            }
        }

        public void Dispose()
        {
            lock (_using)
            {
                _isOver = true;
                _end?.Dispose();
            }

            lock (owner._lock)
            {
                if (owner._open.Remove(this) && owner._open.Count == 0) owner.Followed.Changed -= owner.Look;
            }
        }
    }

    private void Tell(ConnectionContext connection, string problem) =>
        refusals.Refused(log, TlsListener.PeerOf(connection), $"its open connection has ended: {problem}");
}
