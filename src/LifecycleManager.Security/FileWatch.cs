using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security;

/// <summary>
/// Follows the files of a role: rules of admission, certificates, credentials, secrets. Tells log and health what becomes of
/// each.
/// </summary>
public sealed partial class FileWatch : BackgroundService
{
    /// <summary>Between two looks: 2 s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<IFollowed> _followed;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IReadOnlyList<IDisposable> _warnings;

    /// <param name="followed">What is followed.</param>
    /// <param name="health">Warns of files that are not in force.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told once what changes.</param>
    public FileWatch(IEnumerable<IFollowed> followed, RoleHealth health, TimeProvider time, ILogger<FileWatch> log)
    {
        ArgumentNullException.ThrowIfNull(health);
        (_followed, _time, _log) = ([.. followed.Distinct()], time, log);
        _warnings = [.. _followed.Select(file => health.Warn(() => file.Problem))];
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var warning in _warnings) warning.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (_followed.Count > 0 && !stoppingToken.IsCancellationRequested)
        {
            await _time.DelayAsync(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var file in _followed) Look(file);
        }
    }

    private void Look(IFollowed file)
    {
        try
        {
            if (!file.Look()) return;
            if (file.Problem is { } problem) LogBad(_log, problem);
            else if (file.Description is { } description) LogDescribed(_log, file.Name, description);
            else LogTaken(_log, file.Name);
        }
        catch (Exception e)
        {
            // A defect of whoever heeds a change: the other files are followed all the same.
            LogFailed(_log, e, file.Name);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private static partial void LogBad(ILogger log, string problem);

    [LoggerMessage(LogLevel.Information, "{Name} has changed, and is in force")]
    private static partial void LogTaken(ILogger log, string name);

    [LoggerMessage(LogLevel.Information, "{Name} has changed, and is in force: {Description}")]
    private static partial void LogDescribed(ILogger log, string name, string description);

    [LoggerMessage(LogLevel.Error, "The look at {Name} has failed")]
    private static partial void LogFailed(ILogger log, Exception e, string name);
}

/// <summary>How a role says which files it follows.</summary>
public static class FileWatchServices
{
    /// <summary>Has a role follow something; the container also has <c>TimeProvider</c>, logging and a
    /// <see cref="RoleHealth"/>.</summary>
    public static IServiceCollection Follow(this IServiceCollection services, IFollowed? followed)
    {
        if (followed is not null) services.AddSingleton(followed).AddHostedService<FileWatch>();
        return services;
    }
}
