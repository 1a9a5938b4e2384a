using System.Net.ServerSentEvents;
using System.Threading.Channels;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Discovery;

/// <summary>
/// Keeps a proxy at what runs: each event of the scheduler, and time, make it read all instances anew. While no scheduler
/// answers, the proxy keeps what it has.
/// </summary>
/// <param name="schedulers">Any of them will do; the next one is asked when one does not answer.</param>
/// <param name="kind">For which proxy.</param>
/// <param name="listening">How it listens.</param>
/// <param name="file">Its configuration.</param>
/// <param name="time">The time.</param>
/// <param name="log">The log.</param>
public sealed class ProxyFollower(
    IReadOnlyList<IMarathonApi> schedulers, ProxyKind kind, ProxyOptions listening, ProxyFile file, TimeProvider time,
    ILogger<ProxyFollower> log)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private static readonly string[] Types =
    [
        "status_update_event", "instance_changed_event", "health_status_changed_event", "instance_health_changed_event",
        "api_post_event", "app_terminated_event", "group_change_success", "scheduler_registered_event",
        "scheduler_reregistered_event",
    ];

    private readonly Channel<bool> _changed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private int _scheduler;

    /// <summary>Brings the proxy to what runs now.</summary>
    /// <returns>Whether it was told of a new configuration.</returns>
    /// <exception cref="ProxyException">No scheduler answers, or the proxy could not be given its configuration.</exception>
    public async Task<bool> OnceAsync(CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            using var limit = new CancellationTokenSource(AnswerLimit, time);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            try
            {
                var api = schedulers[_scheduler];
                var apps = await api.GetApps(cancellation: ending.Token);
                var tasks = await api.GetTasks(ending.Token);
                return await file.ApplyAsync(ProxyConfiguration.Render(kind, tasks.Tasks, apps.Apps, listening), cancellation);
            }
            catch (Exception e) when (e is not ProxyException && !cancellation.IsCancellationRequested)
            {
                _scheduler = (_scheduler + 1) % schedulers.Count;
                if (tries < schedulers.Count) continue;
                throw new ProxyException(
                    $"no scheduler answers: {(e is OperationCanceledException ? "it takes too long" : e.Message)}", e);
            }
        }
    }

    /// <summary>Follows the scheduler until cancelled.</summary>
    /// <param name="poll">All is read anew at least this often.</param>
    /// <param name="pause">Between two reloads: each of them leaves workers behind that serve their connections to the
    /// end.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(TimeSpan poll, TimeSpan pause, CancellationToken cancellation)
    {
        var events = FollowAsync(cancellation);
        string? problem = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await OnceAsync(cancellation)) log.LogInformation("The proxy has a new configuration");
                if (problem is not null) log.LogInformation("The proxy is up to date again");
                problem = null;
            }
            catch (ProxyException e)
            {
                if (e.Message != problem) log.LogError("{Problem}; tried again every {Poll} s", e.Message, poll.TotalSeconds);
                problem = e.Message;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            using var due = new CancellationTokenSource(poll, time);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(due.Token, cancellation);
            await ((Task)_changed.Reader.WaitToReadAsync(waiting.Token).AsTask())
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _changed.Reader.TryRead(out _);
        }

        await events;
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        var wait = FirstPause;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var stream = await schedulers[_scheduler].GetEvents(Types, cancellation);
                wait = FirstPause;
                await foreach (var _ in SseParser.Create(stream, (_, _) => true).EnumerateAsync(cancellation))
                    _changed.Writer.TryWrite(true);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                log.LogDebug("The scheduler's events end: {Reason}", e.Message);
            }
            catch (Exception)
            {
                return;
            }

            await Task.Delay(wait, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 > LongestPause ? LongestPause : wait * 2;
        }
    }
}
