using LifecycleManager.Clients;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Discovery.Proxies;

/// <summary>
/// Keeps a proxy at what runs: each event of the scheduler, and time, make it read all instances anew. While no scheduler
/// answers, the proxy keeps what it has.
/// </summary>
/// <param name="schedulers">Any of them will do; the next one is asked when one does not answer.</param>
/// <param name="scheduler">The client of those schedulers.</param>
/// <param name="kind">For which proxy.</param>
/// <param name="listening">How it listens.</param>
/// <param name="file">Its configuration.</param>
/// <param name="names">Looks hosts up.</param>
/// <param name="time">The time.</param>
/// <param name="loggers">The log.</param>
public sealed class ProxyFollower(
    AddressList schedulers, IMarathonApi scheduler, ProxyKind kind, ProxyOptions listening, ProxyFile file, HostNames names,
    TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private static readonly string[] Types =
    [
        "status_update_event", "instance_changed_event", "health_status_changed_event", "instance_health_changed_event",
        "api_post_event", "app_terminated_event", "group_change_success", "scheduler_registered_event",
        "scheduler_reregistered_event",
    ];

    private readonly ILogger _log = loggers.CreateLogger<ProxyFollower>();
    private IReadOnlySet<string> _unresolved = new HashSet<string>();

    private readonly SchedulerEvents _events =
        new(scheduler, Types, time, Random.Shared, loggers.CreateLogger<SchedulerEvents>());

    /// <summary>Brings the proxy to what runs now.</summary>
    /// <returns>Whether it was told of a new configuration.</returns>
    /// <exception cref="ProxyException">No scheduler answers, or the proxy could not be given its configuration.</exception>
    public async Task<bool> OnceAsync(CancellationToken cancellation)
    {
        (IReadOnlyList<App> Apps, IReadOnlyList<AppTask> Tasks) runs;
        try
        {
            runs = await schedulers.AskAsync(_ => ReadAsync(cancellation), cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not ProxyException)
        {
            throw new ProxyException($"no scheduler answers: {Failures.Describe(e)}", e);
        }

        var unresolved = await names.UnresolvedAsync(runs.Tasks.Select(task => task.Host).OfType<string>(), cancellation);
        Tell(unresolved, runs.Tasks);
        return await file.ApplyAsync(ProxyConfiguration.Render(kind, runs.Tasks, runs.Apps, listening, unresolved), cancellation);
    }

    /// <summary>Follows the scheduler until cancelled.</summary>
    /// <param name="poll">All is read anew at least this often.</param>
    /// <param name="pause">Between two reloads: each of them leaves workers behind that serve their connections to the
    /// end.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(TimeSpan poll, TimeSpan pause, CancellationToken cancellation)
    {
        var events = _events.RunAsync(cancellation);
        string? problem = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await OnceAsync(cancellation)) _log.LogInformation("The proxy has a new configuration");
                if (problem is not null) _log.LogInformation("The proxy is up to date again");
                problem = null;
            }
            catch (ProxyException e)
            {
                if (e.Message != problem) _log.LogError("{Problem}; tried again every {Poll} s", e.Message, poll.TotalSeconds);
                problem = e.Message;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                break;
            }

            await time.DelayAsync(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _events.WaitAsync(poll, cancellation);
        }

        await events.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Logs the servers that are left out, and their number, whenever it is others than before.</summary>
    private void Tell(IReadOnlySet<string> unresolved, IReadOnlyList<AppTask> tasks)
    {
        if (_unresolved.SetEquals(unresolved)) return;
        _unresolved = unresolved;
        if (unresolved.Count == 0)
        {
            _log.LogInformation("All hosts can be resolved again: no server is left out");
            return;
        }

        _log.LogWarning(
            "{Count} instances are left out of the proxy's configuration, since their hosts cannot be resolved: {Hosts}",
            tasks.Count(task => task.Host is { } host && unresolved.Contains(host)),
            string.Join(", ", unresolved.Order(StringComparer.Ordinal)));
    }

    private async Task<(IReadOnlyList<App> Apps, IReadOnlyList<AppTask> Tasks)> ReadAsync(CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, AnswerLimit, cancellation);
        var apps = await scheduler.GetApps(cancellation: limit.Token);
        var tasks = await scheduler.GetTasks(limit.Token);
        return (apps.Apps, tasks.Tasks);
    }
}
