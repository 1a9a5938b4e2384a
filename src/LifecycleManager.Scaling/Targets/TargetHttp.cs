using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace LifecycleManager.Scaling.Targets;

/// <summary>How calls to a target are kept within bounds of time and size, whatever the target does.</summary>
internal static class TargetHttp
{
    /// <summary>10,000 full app definitions take some 30 MB.</summary>
    private const long LongestAnswer = 256L * 1024 * 1024;

    /// <summary>Total timeout, retry, circuit breaker, attempt timeout; reads and writes have a breaker each.</summary>
    public static IHttpClientBuilder AddTargetResilience(this IHttpClientBuilder builder, ManagerOptions options)
    {
        builder.AddResilienceHandler("target", (pipeline, context) =>
        {
            // A circuit that is open goes by the time of day: it must not stay so when the wall clock is set back.
            pipeline.TimeProvider = new SteadyTime(context.ServiceProvider.GetService<TimeProvider>() ?? TimeProvider.System);
            pipeline
                .AddTimeout(new TimeoutStrategyOptions { Name = "call", Timeout = options.CallTimeout })
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
                .AddTimeout(new TimeoutStrategyOptions { Name = "attempt", Timeout = options.AttemptTimeout });
        }).SelectPipelineBy(_ => request => request.Method == HttpMethod.Get ? "read" : "write");

        // Inside the pipeline, so that a body that trickles is under its timeouts as well.
        builder.AddHttpMessageHandler(() => new WholeAnswerHandler());
        builder.ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan);

        // A target that is away is told once, by the evaluation: not each attempt, retry and open circuit.
        builder.RemoveAllLoggers();
        builder.Services.PostConfigure<TelemetryOptions>(telemetry => telemetry.LoggerFactory = NullLoggerFactory.Instance);
        return builder;
    }

    /// <summary>A primary handler; connections are renewed so that a name that moves is followed.</summary>
    public static SocketsHttpHandler NewHandler(TargetOptions target)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),

            // Credentials are added above this handler: a redirect must not carry them elsewhere.
            AllowAutoRedirect = target.TokenFile is null && target.User is null,
            MaxAutomaticRedirections = 3,
            AutomaticDecompression = DecompressionMethods.GZip,
            UseCookies = false,
        };
        if (target.Address is { Scheme: "unix" } socketFile)
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

        if (target.CaFile is { } caFile)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(caFile);
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return handler;
    }

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
                await response.Content.LoadIntoBufferAsync(LongestAnswer, cancellationToken);
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
