using LifecycleManager.Metrics.Scraping;
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
            SslMode = Mode(server),
        };
        StatementLimit = limit;
        var builder = new NpgsqlDataSourceBuilder(address.ConnectionString);
        if (server.Password is { } password)
            builder.UsePasswordProvider(_ => password.Read(), (_, _) => ValueTask.FromResult(password.Read()));
        builder.UseSslClientAuthenticationOptionsCallback(tls =>
        {
            // Npgsql checks as its mode says; what the operator states goes before it.
            if (server.Authorities is not null || server.Certificate is not null || server.AnyCertificate
                || server.TlsName is not null)
                SourceTls.Apply(server, tls);
        });
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
            var reason = SourceTls.Explain(e) ?? (e.InnerException ?? e).Message;
            throw new ScrapeException(FailureReason.Connection, $"{Server.Address}: no connection: {reason}");
        }
    }

    protected override void Close() => _source.Dispose();

    private static string Remedy(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            "; check 'user' and 'passwordFile'",
        PostgresErrorCodes.TooManyConnections => "; 'concurrency' is how many are opened at most",
        _ => "",
    };

    private static SslMode Mode(SourceServer server)
    {
        var stated = server.Url.Query.TrimStart('?').Split('&')
            .FirstOrDefault(part => part.StartsWith("sslmode=", StringComparison.Ordinal))?["sslmode=".Length..];
        return stated switch
        {
            "disable" => SslMode.Disable,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            // Whoever names an authority wants to know whom he speaks to.
            null when server.Authorities is not null => SslMode.VerifyFull,
            _ => SslMode.Prefer,
        };
    }
}
