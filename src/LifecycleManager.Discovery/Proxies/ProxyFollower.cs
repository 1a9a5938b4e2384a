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
/// <param name="time">The time.</param>
/// <param name="loggers">The log.</param>
public sealed class ProxyFollower(
    AddressList schedulers, IMarathonApi scheduler, ProxyKind kind, ProxyOptions listening, ProxyFile file, TimeProvider time,
    ILoggerFactory loggers)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private static readonly string[] Types =
    [
        "status_update_event", "instance_changed_event", "health_status_changed_event", "instance_health_changed_event",
        "api_post_event", "app_terminated_event", "group_change_success", "scheduler_registered_event",
        "scheduler_reregistered_event",
    ];

    private readonly ILogger _log = loggers.CreateLogger<ProxyFollower>();
    private readonly SchedulerEvents _events =
        new(scheduler, Types, time, Random.Shared, loggers.CreateLogger<SchedulerEvents>());

    /// <summary>Brings the proxy to what runs now.</summary>
    /// <returns>Whether it was told of a new configuration.</returns>
    /// <exception cref="ProxyException">No scheduler answers, or the proxy could not be given its configuration.</exception>
    public async Task<bool> OnceAsync(CancellationToken cancellation)
    {
        string text;
        try
        {
            text = await schedulers.AskAsync(_ => RenderAsync(cancellation), cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            throw new ProxyException($"no scheduler answers: {Failures.Describe(e)}", e);
        }

        return await file.ApplyAsync(text, cancellation);
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

    private async Task<string> RenderAsync(CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, AnswerLimit, cancellation);
        var apps = await scheduler.GetApps(cancellation: limit.Token);
        var tasks = await scheduler.GetTasks(limit.Token);
        return ProxyConfiguration.Render(kind, tasks.Tasks, apps.Apps, listening);
    }
}
