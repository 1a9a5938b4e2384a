using System.Security.Cryptography;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security.Joining;

/// <summary>
/// Keeps a process a member of its cluster: its certificate is renewed, with a new key, once two thirds of its time are over, and
/// credentials and revocations are looked up. Who follows the files takes them up.
/// </summary>
public sealed partial class IdentityRenewal : BackgroundService
{
    /// <summary>Between two looks: 20 s, less where certificates are good for minutes alone.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    private readonly ClusterIdentity _identity;
    private readonly IIdentitySource _source;
    private readonly string _name;
    private readonly IReadOnlyList<string> _hosts;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IDisposable _warning;
    private volatile string? _problem;

    /// <param name="identity">What is kept.</param>
    /// <param name="source">Whence it comes.</param>
    /// <param name="name">The process's name within its role.</param>
    /// <param name="hosts">Names and addresses by which it is called.</param>
    /// <param name="health">Warns where the authority is not to be had.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of new certificates, and once of each trouble.</param>
    public IdentityRenewal(
        ClusterIdentity identity, IIdentitySource source, string name, IReadOnlyList<string> hosts,
        RoleHealth health, TimeProvider time, ILogger<IdentityRenewal> log)
    {
        ArgumentNullException.ThrowIfNull(health);
        (_identity, _source, _name, _hosts, _time, _log) = (identity, source, name, hosts, time, log);
        _warning = health.Warn(() => _problem);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _warning.Dispose();
        base.Dispose();
    }

    /// <summary>Looks once.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task LookAsync(CancellationToken cancellation)
    {
        string? problem = null;
        try
        {
            _identity.Keep(await _source.TrustAsync(cancellation));
            await RenewAsync(cancellation);
        }
        catch (Exception e) when (e is JoinException or IOException or UnauthorizedAccessException or FormatException)
        {
            problem = $"the cluster's authority is not to be had, and what it revokes and renews is not known: {e.Message}";
        }

        if (problem is not null && problem != _problem) LogTrouble(_log, problem);
        if (problem is null && _problem is not null) LogWell(_log);
        _problem = problem;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
                await _time.DelayAsync(Pause(), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private TimeSpan Pause()
    {
        try
        {
            using var certificate = _identity.Read();
            var pause = (certificate.NotAfter - certificate.NotBefore) / 24;
            return pause < Interval ? pause : Interval;
        }
        catch (FormatException)
        {
            return Interval;
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        using var certificate = _identity.Read();
        if (_time.GetUtcNow() < certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * 2 / 3)) return;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = await _source.RenewAsync(SigningRequests.Create(_name, _hosts, key), cancellation);
        _identity.Keep(answer, key, _identity.Cluster);
        using var renewed = _identity.Read();
        LogRenewed(_log, renewed.Subject, renewed.NotAfter.ToUniversalTime());
    }

    [LoggerMessage(LogLevel.Information, "The certificate of '{Subject}' is renewed, until {End:u}")]
    private static partial void LogRenewed(ILogger log, string subject, DateTime end);

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private static partial void LogTrouble(ILogger log, string problem);

    [LoggerMessage(LogLevel.Information, "The cluster's authority is to be had again")]
    private static partial void LogWell(ILogger log);
}
