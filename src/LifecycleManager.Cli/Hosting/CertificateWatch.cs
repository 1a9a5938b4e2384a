using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Following;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// Shows how long the certificate that a role serves with is valid, and warns once a day from 7 days before its end: of the one
/// that is in force at that moment.
/// </summary>
internal sealed partial class CertificateWatch : BackgroundService
{
    private static readonly TimeSpan Notice = TimeSpan.FromDays(7);
    private static readonly TimeSpan Period = TimeSpan.FromDays(1);

    private readonly FollowedFiles<ServerTls> _tls;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public CertificateWatch(FollowedFiles<ServerTls> tls, CollectorRegistry registry, TimeProvider time, ILogger log)
    {
        (_tls, _time, _log) = (tls, time, log);
        var gauge = Prometheus.Metrics.WithCustomRegistry(registry).CreateGauge(
            "lcm_certificate_expiry_seconds", "Seconds until the certificate that the role serves with expires");
        registry.AddBeforeCollectCallback(() => gauge.Set(Left.TotalSeconds));
    }

    private TimeSpan Left => _tls.Current.Certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var changed = new SemaphoreSlim(0);
        void Change() => changed.Release();
        _tls.Changed += Change;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var certificate = _tls.Current.Certificate;
                if (Left < Notice) LogExpires(_log, certificate.Subject, certificate.NotAfter.ToUniversalTime());

                // A new one may be as near to its end.
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAny(_time.DelayAsync(Period, either.Token), changed.WaitAsync(either.Token));
                await either.CancelAsync();
            }
        }
        finally
        {
            _tls.Changed -= Change;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The TLS certificate of '{Subject}' expires on {End:u}")]
    private static partial void LogExpires(ILogger log, string subject, DateTime end);
}
