using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Runtime;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace LifecycleManager.Clusters.Http;

/// <summary>
/// How an orchestrator is called: with credentials, at the address that answers, and within bounds of time and size, whatever it
/// does.
/// </summary>
public static class ClusterHttp
{
    /// <summary>10,000 full app definitions take some 30 MB.</summary>
    private const long MaxAnswerBytes = 256L * 1024 * 1024;

    /// <summary>Sets an HTTP client up.</summary>
    public static IHttpClientBuilder ConnectTo(this IHttpClientBuilder builder, ClusterConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        builder.ConfigureHttpClient(http =>
            {
                http.BaseAddress = BaseAddress(connection.Address);
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            .ConfigurePrimaryHttpMessageHandler(() => NewHandler(connection));
        AddResilience(builder, connection);

        // Inside the pipeline: each attempt is for the address that answers.
        if (connection.OtherAddresses.Count > 0)
        {
            var addresses = new AddressList([connection.Address, .. connection.OtherAddresses]);
            builder.AddHttpMessageHandler(() => new AddressListHandler(addresses));
        }

        return builder.AddHttpMessageHandler(() => new CredentialHandler(connection));
    }

    /// <summary>Total timeout, retry, circuit breaker, attempt timeout; reads and writes have a breaker each.</summary>
    private static void AddResilience(IHttpClientBuilder builder, ClusterConnection connection)
    {
        builder.AddResilienceHandler("target", (pipeline, context) =>
        {
            // A circuit that is open goes by the time of day: it must not stay so when the wall clock is set back.
            pipeline.TimeProvider = new SteadyTime(context.ServiceProvider.GetService<TimeProvider>() ?? TimeProvider.System);
            pipeline
                .AddTimeout(new TimeoutStrategyOptions { Name = "call", Timeout = connection.CallTimeout })
                .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
                {
                    MaxRetryAttempts = 2,
                    BackoffType = DelayBackoffType.Exponential,
                    Delay = TimeSpan.FromMilliseconds(200),
                    MaxDelay = TimeSpan.FromSeconds(2),
                    UseJitter = true,
                    ShouldHandle = arguments => ValueTask.FromResult(
                        IsFault(arguments.Outcome) && IsSafeToRepeat(arguments.Context.GetRequestMessage()
                            ?.Method, arguments.Outcome)),
                })
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
                {
                    FailureRatio = 0.8,
                    MinimumThroughput = 5,
                    SamplingDuration = TimeSpan.FromSeconds(30),
                    BreakDuration = TimeSpan.FromSeconds(10),
                    ShouldHandle = arguments => ValueTask.FromResult(IsFault(arguments.Outcome)),
                })
                .AddTimeout(new TimeoutStrategyOptions { Name = "attempt", Timeout = connection.AttemptTimeout });
        }).SelectPipelineBy(_ => request => request.Method == HttpMethod.Get ? "read" : "write");

        // Inside the pipeline, so that a body that trickles is under its timeouts as well.
        builder.AddHttpMessageHandler(() => new WholeAnswerHandler());

        // Whoever calls logs once that it is away: not each attempt, retry and open circuit.
        builder.RemoveAllLoggers();
        builder.Services.PostConfigure<TelemetryOptions>(telemetry => telemetry.LoggerFactory = NullLoggerFactory.Instance);
    }

    /// <summary>A primary handler; connections are renewed so that a name that moves is followed.</summary>
    private static SocketsHttpHandler NewHandler(ClusterConnection connection)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),

            // Credentials are added above this handler: a redirect must not carry them elsewhere.
            AllowAutoRedirect = connection.TokenFile is null && connection.User is null,
            MaxAutomaticRedirections = 3,
            AutomaticDecompression = DecompressionMethods.GZip,
            UseCookies = false,
        };
        if (connection.Address is { Scheme: "unix" } socketFile)
        {
            handler.ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketFile.AbsolutePath), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        if (connection.CaFile is { } caFile)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(caFile);
            handler.SslOptions.CertificateChainPolicy = TrustedAuthorities.Only(roots);
        }

        connection.Tls?.ApplyTo(handler.SslOptions);
        return handler;
    }

    // Relative paths keep a path in the address, as behind a proxy; a socket has no host.
    private static Uri BaseAddress(Uri address) =>
        address.Scheme == "unix" ? new Uri("http://docker/") : address.AbsolutePath.EndsWith('/')
        ? address : new Uri(address + "/");

    private static bool IsFault(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: HttpRequestException or TimeoutRejectedException or IOException } => true,
        {
            Result.StatusCode: >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout
            or HttpStatusCode.TooManyRequests
        } => true,
        _ => false,
    };

    /// <summary>
    /// A read may always be repeated. A change only where the first attempt cannot have been carried out: a second one would be
    /// told that the deployment of the first locks the app.
    /// </summary>
    private static bool IsSafeToRepeat(HttpMethod? method, Outcome<HttpResponseMessage> outcome) =>
        method == HttpMethod.Get || outcome switch
        {
            { Exception: HttpRequestException e } =>
                e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
            { Result.StatusCode: HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests } => true,
            _ => false,
        };

    private sealed class WholeAnswerHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            try
            {
                await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
                return response;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }
}
