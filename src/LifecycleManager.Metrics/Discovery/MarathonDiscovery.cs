using LifecycleManager.Clients.Schedulers;
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
    CollectorOptions options, IMarathonApi api, RoleHealth health, TimeProvider time, ILoggerFactory loggers)
{
    // Events come in bursts (one a task of a deployment); one poll shall serve a burst.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(10);

    private static readonly string[] Types =
    [
        "status_update_event", "instance_changed_event", "instance_health_changed_event", "health_status_changed_event",
        "unhealthy_instance_kill_event", "app_terminated_event", "api_post_event", "deployment_success",
        "deployment_step_success",
    ];

    private readonly ILogger _log = loggers.CreateLogger<MarathonDiscovery>();
    private readonly SchedulerEvents _events = new(api, Types, time, Random.Shared, loggers.CreateLogger<SchedulerEvents>());
    private volatile DiscoveryState _polls = new(null, null, false);

    /// <summary>How it goes.</summary>
    public DiscoveryState State => _polls with { FollowsEvents = _events.IsOpen };

    /// <summary>Its loops, which depend on each other; every complete view goes to <paramref name="publish"/>.</summary>
    public IReadOnlyList<NamedLoop> Loops(Action<TargetSnapshot> publish) =>
    [
        new("the discovery of targets", cancellation => PollAsync(publish, cancellation)),
        new("the scheduler's event stream", _events.RunAsync),
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
                    _log.LogInformation("the scheduler at {Scheduler} answers again", options.Scheduler);
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
                    _log.LogWarning("the scheduler at {Scheduler} does not answer, the last known targets stay: {Reason}",
                        options.Scheduler, reason);
                _polls = _polls with { LastError = reason };
            }

            report.EndTurn();

            // At most a tenth of the time goes into polls, however many events there are.
            var pause = Max(Settle, time.GetElapsedTime(begin) * 9);
            await _events.WaitAsync(Max(options.DiscoveryInterval - pause, TimeSpan.Zero), cancellation);
            await time.DelayAsync(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
