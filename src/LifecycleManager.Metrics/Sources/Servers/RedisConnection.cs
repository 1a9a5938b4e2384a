using System.Net.Security;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;
using StackExchange.Redis;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>A Redis server: one connection for all questions, made anew by itself.</summary>
/// <param name="server">The server.</param>
/// <param name="material">What the connection rests on.</param>
/// <param name="options">Whose time limit holds.</param>
internal sealed class RedisConnection(SourceServer server, string[] material, CollectorOptions options)
    : SourceConnection(server, material)
{
    private const int DefaultPort = 6379;
    private readonly Lock _lock = new();
    private Task<ConnectionMultiplexer>? _connecting;
    private bool _isClosed;

    private bool IsTls => Server.Url.Scheme == "rediss";

    /// <summary>The database that the address names.</summary>
    /// <exception cref="ScrapeException">There is no connection.</exception>
    public async Task<IDatabase> DatabaseAsync(CancellationToken cancellation)
    {
        try
        {
            return (await Connect().WaitAsync(cancellation)).GetDatabase();
        }
        catch (RedisConnectionException e)
        {
            throw new ScrapeException(FailureReason.Connection, $"{Server.Address}: {Describe(e)}");
        }
    }

    /// <summary>Why there is no connection, with what to do.</summary>
    public string Describe(RedisConnectionException e) => CertificateProblem.Explain(e) ?? e.FailureType switch
    {
        ConnectionFailureType.AuthenticationFailure => "the user or the password is refused: 'user' and 'passwordFile'",
        ConnectionFailureType.UnableToConnect or ConnectionFailureType.UnableToResolvePhysicalConnection
            or ConnectionFailureType.SocketFailure or ConnectionFailureType.SocketClosed =>
            "no connection: it does not listen there, or ends what is opened "
            + (IsTls ? "(it may want a certificate: 'certificateFile')" : "(a TLS server is rediss://)"),
        var other => $"no connection: {other}",
    };

    protected override void Close()
    {
        Task<ConnectionMultiplexer>? connecting;
        lock (_lock) (_isClosed, connecting) = (true, _connecting);
        connecting?.ContinueWith(
            static task => task.Result.Dispose(), CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.DenyChildAttach, TaskScheduler.Default);
    }

    // One attempt at a time, whoever waits for it; the next one after it has failed.
    private Task<ConnectionMultiplexer> Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_connecting is null or { IsFaulted: true } or { IsCanceled: true })
                _connecting = ConnectionMultiplexer.ConnectAsync(Configuration());
            return _connecting;
        }
    }

    private ConfigurationOptions Configuration()
    {
        var limit = (int)Math.Clamp((Server.Timeout ?? options.Timeout).TotalMilliseconds, 100, 60_000);
        var configuration = new ConfigurationOptions
        {
            ClientName = "lcm",
            AbortOnConnectFail = true,
            ConnectRetry = 1,
            // A handshake that failed may be told only then: before the question's own time is over.
            ConnectTimeout = limit * 4 / 5,
            AsyncTimeout = limit,
            SyncTimeout = limit,
            BacklogPolicy = BacklogPolicy.FailFast,
            Ssl = IsTls,
            User = Server.User,
            Password = Server.Password?.Read(),
            DefaultDatabase = int.TryParse(Server.Url.AbsolutePath.Trim('/'), out var number) ? number : 0,
            // What only connections to others than this one need.
            AllowAdmin = false,
            HighIntegrity = false,
        };
        configuration.EndPoints.Add(Server.Url.Host, Server.Url.Port > 0 ? Server.Url.Port : DefaultPort);
        if (IsTls)
        {
            configuration.SslClientAuthenticationOptions = host =>
            {
                var tls = new SslClientAuthenticationOptions { TargetHost = host };
                SourceTls.Apply(Server, tls);
                return tls;
            };
        }

        return configuration;
    }
}
