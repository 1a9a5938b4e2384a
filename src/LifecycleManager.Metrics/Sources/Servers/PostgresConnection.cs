using System.Net.Security;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;
using Npgsql;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>A PostgreSQL database: a small pool of connections.</summary>
internal sealed class PostgresConnection : SourceConnection
{
    private readonly NpgsqlDataSource _source;

    public PostgresConnection(SourceServer server, string[] material, CollectorOptions options)
        : base(server, material)
    {
        var limit = server.Timeout ?? options.Timeout;
        var (mode, overlooked) = Mode(server);
        var address = new NpgsqlConnectionStringBuilder
        {
            Host = server.Url.Host,
            Port = server.Url.Port > 0 ? server.Url.Port : NpgsqlConnection.DefaultPort,
            Database = Uri.UnescapeDataString(server.Url.AbsolutePath.Trim('/')),
            Username = server.User,
            ApplicationName = "lcm metrics",
            MaxPoolSize = server.Concurrency,
            MinPoolSize = 0,
            ConnectionIdleLifetime = 60,
            Timeout = (int)Math.Clamp(Math.Ceiling(limit.TotalSeconds), 1, 60),
            CommandTimeout = (int)Math.Clamp(Math.Ceiling(limit.TotalSeconds) + 1, 1, 60),
            IncludeErrorDetail = false,
            NoResetOnClose = true,
            SslMode = mode,
        };
        StatementLimit = limit;
        var builder = new NpgsqlDataSourceBuilder(address.ConnectionString);
        if (server.Password is { } password)
            builder.UsePasswordProvider(_ => password.Read(), (_, _) => ValueTask.FromResult(password.Read()));
        builder.UseSslClientAuthenticationOptionsCallback(tls => SourceTls.Apply(server, tls, overlooked));
        _source = builder.Build();
    }

    /// <summary>How long a statement may run.</summary>
    public TimeSpan StatementLimit { get; }

    /// <summary>A connection out of the pool; to be disposed of.</summary>
    /// <exception cref="ScrapeException">There is none.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellation)
    {
        try
        {
            return await _source.OpenConnectionAsync(cancellation);
        }
        catch (PostgresException e)
        {
            throw new ScrapeException(FailureReason.Connection, $"{Server.Address}: {e.SqlState}: {e.MessageText}{Remedy(e)}");
        }
        catch (NpgsqlException e) when (e.InnerException is not OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            var reason = CertificateProblem.Explain(e) ?? (e.InnerException ?? e).Message + NoTls(e);
            throw new ScrapeException(FailureReason.Connection, $"{Server.Address}: no connection: {reason}");
        }
    }

    protected override void Close() => _source.Dispose();

    // There is no code for it.
    private static string NoTls(NpgsqlException e) =>
        e.Message.StartsWith("SSL connection requested", StringComparison.Ordinal) ? " (sslmode=disable goes without TLS)" : "";

    private static string Remedy(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            "; check 'user' and 'passwordFile'",
        PostgresErrorCodes.TooManyConnections => "; 'concurrency' is how many are opened at most",
        _ => "",
    };

    /// <summary>
    /// Whether connections have TLS, and what may be wrong with the server's certificate. Npgsql encrypts alone: it would not
    /// tell why it refuses a certificate.
    /// </summary>
    private static (SslMode Mode, SslPolicyErrors Overlooked) Mode(SourceServer server)
    {
        const SslPolicyErrors Name = SslPolicyErrors.RemoteCertificateNameMismatch;
        var stated = server.Url.Query.TrimStart('?').Split('&')
            .FirstOrDefault(part => part.StartsWith("sslmode=", StringComparison.Ordinal))?["sslmode=".Length..];
        return stated switch
        {
            "disable" => (SslMode.Disable, SourceTls.All),
            "prefer" => (SslMode.Prefer, SourceTls.All),
            "verify-full" => (SslMode.Require, SslPolicyErrors.None),
            "verify-ca" => (SslMode.Require, Name),
            // As PostgreSQL's own clients have it.
            "require" => (SslMode.Require, server.Authorities is null ? SourceTls.All : Name),
            // Whoever names an authority or a name wants to know whom he speaks to.
            _ when (server.Authorities ?? (object?)server.TlsName) is not null => (SslMode.Require, SslPolicyErrors.None),
            _ => (server.AnyCertificate ? SslMode.Require : SslMode.Prefer, SourceTls.All),
        };
    }
}
