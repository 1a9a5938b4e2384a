using System.Threading.Channels;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>
/// Follows the scheduler: polls apps and tasks, and polls at once when its event stream says that something changed. While the
/// scheduler is away the last targets stay and the state says so.
/// </summary>
internal sealed class MarathonDiscovery(
    CollectorOptions options, IMarathonApi api, RoleHealth health, TimeProvider time, ILogger<MarathonDiscovery> log)
{
    // Events come in bursts (one a task of a deployment); one poll shall serve a burst.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(10);

    private static readonly string[] Types =
    [
        "status_update_event", "instance_changed_event", "instance_health_changed_event", "health_status_changed_event",
        "unhealthy_instance_kill_event", "app_terminated_event", "api_post_event", "deployment_success",
        "deployment_step_success",
    ];

    private readonly Channel<bool> _changed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile DiscoveryState _polls = new(null, null, false);
    private volatile bool _followsEvents;

    /// <summary>How it goes.</summary>
    public DiscoveryState State => _polls with { FollowsEvents = _followsEvents };

    /// <summary>Its loops, which depend on each other; every complete view goes to <paramref name="publish"/>.</summary>
    public IReadOnlyList<NamedLoop> Loops(Action<TargetSnapshot> publish) =>
    [
        new("the discovery of targets", cancellation => PollAsync(publish, cancellation)),
        new("the scheduler's event stream", FollowAsync),
    ];

    private async Task PollAsync(Action<TargetSnapshot> publish, CancellationToken cancellation)
    {
        using var report = health.Loop("the discovery of targets");
        while (!cancellation.IsCancellationRequested)
        {
            report.BeginTurn();
            var begin = time.GetTimestamp();
            try
            {
                using var timeout = new CancellationTokenSource(PollTimeout, time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);

                // Tasks after apps: a task of an app that came in between waits for the next poll, and none appears without its
                // app.
                var apps = await api.GetApps(cancellation: both.Token);
                var tasks = await api.GetTasks(both.Token);
                publish(MarathonTargets.From(apps.Apps, tasks.Tasks));
                if (_polls.LastError is not null)
                    log.LogInformation("the scheduler at {Scheduler} answers again", options.Scheduler);
                _polls = _polls with { LastSuccess = time.GetUtcNow(), LastError = null };
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                var reason = e is OperationCanceledException
                    ? $"no answer within {PollTimeout.TotalSeconds:0} s"
                    : HttpProblem.Describe(e);
                if (_polls.LastError is null)
                    log.LogWarning("the scheduler at {Scheduler} does not answer, the last known targets stay: {Reason}",
                        options.Scheduler, reason);
                _polls = _polls with { LastError = reason };
            }

            report.EndTurn();

            // At most a tenth of the time goes into polls, however many events there are.
            var pause = Max(Settle, time.GetElapsedTime(begin) * 9);
            await WaitAsync(Max(options.DiscoveryInterval - pause, TimeSpan.Zero), cancellation);
            await Delay(pause, cancellation);
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        var wait = TimeSpan.FromSeconds(1);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var stream = await api.GetEvents(Types, cancellation);
                _followsEvents = true;
                wait = TimeSpan.FromSeconds(1);
                // What changed while nobody listened.
                _changed.Writer.TryWrite(true);
                await foreach (var name in ServerSentEvents.Names(stream, cancellation))
                {
                    if (Array.IndexOf(Types, name) >= 0) _changed.Writer.TryWrite(true);
                }
            }
            catch (Exception e)
            {
                if (cancellation.IsCancellationRequested) return;
                log.LogDebug("the scheduler's events end: {Reason}", HttpProblem.Describe(e));
            }
            finally
            {
                _followsEvents = false;
            }

            await Delay(wait, cancellation);
            wait = TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
        }
    }

    private async Task WaitAsync(TimeSpan interval, CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, interval, cancellation);
        try
        {
            await _changed.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private Task Delay(TimeSpan delay, CancellationToken cancellation) =>
        Task.Delay(delay, time, cancellation)
            .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
