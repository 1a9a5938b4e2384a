using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Cli.Hosting;

/// <summary>Shows how long a role's certificate is valid, and warns once a day from 7 days before its end.</summary>
internal sealed partial class CertificateWatch : BackgroundService
{
    private static readonly TimeSpan Notice = TimeSpan.FromDays(7);
    private static readonly TimeSpan Period = TimeSpan.FromDays(1);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public CertificateWatch(X509Certificate2 certificate, CollectorRegistry registry, TimeProvider time, ILogger log)
    {
        (_certificate, _time, _log) = (certificate, time, log);
        var gauge = Prometheus.Metrics.WithCustomRegistry(registry).CreateGauge(
            "lcm_certificate_expiry_seconds", "Seconds until the certificate that the role serves with expires");
        registry.AddBeforeCollectCallback(() => gauge.Set(Left.TotalSeconds));
    }

    private TimeSpan Left => _certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (Left < Notice) LogExpires(_log, _certificate.Subject, _certificate.NotAfter.ToUniversalTime());
            await _time.DelayAsync(Period, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The TLS certificate of '{Subject}' expires on {End:u}")]
    private static partial void LogExpires(ILogger log, string subject, DateTime end);
}
