using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Mesos;

/// <summary>
/// Keeps a subscription at the leading master: tries the known addresses in turn, follows redirects, and subscribes anew when the
/// stream ends, when heartbeats fail to come or when a call cannot be delivered. Events go to one sink in order; calls are sent
/// one after another, since Mesos orders them by their arrival.
/// </summary>
internal sealed class FrameworkClient(
    HttpClient http,
    SchedulerOptions options,
    TimeProvider time,
    Random random,
    ILogger<FrameworkClient> log,
    Func<FrameworkInfo> framework,
    Func<MasterSignal, CancellationToken, ValueTask> sink)
{
    // A master that takes calls more slowly than this many behind is as good as gone.
    private const int MaxQueuedCalls = 65_536;
    private const int MissedHeartbeats = 3;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromSeconds(15);

    private long _session;
    private volatile Outbox? _outbox;

    /// <summary>Queues calls of a session; those of a session that is over are dropped.</summary>
    public void Send(long session, IReadOnlyList<SchedulerCall> calls)
    {
        var outbox = _outbox;
        if (outbox is null || outbox.Session != session) return;
        foreach (var call in calls)
        {
            if (outbox.Calls.Writer.TryWrite(call)) continue;
            outbox.Broken.TrySetResult("the master does not keep up with the calls");
            return;
        }
    }

    /// <summary>Stays subscribed until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var next = 0;
        var subscribing = Reconnect.Pipeline(FirstPause, LongestPause, time, random, Failed);
        while (true)
        {
            await subscribing.ExecuteAsync(
                async token =>
                    await SubscribeAsync(++_session, options.Masters[next % options.Masters.Count], token), cancellation);

            // Schedulers do not return to a restarted master in step.
            await time.DelayAsync(FirstPause * (1 + random.NextDouble()), cancellation);
        }

        void Failed(Exception problem, int failures, TimeSpan pause)
        {
            // The outer message of a connection that fails over TLS says nothing.
            var reason = problem is OperationCanceledException ? "no answer in time"
                : problem.InnerException is { } inner ? $"{problem.Message} {inner.GetBaseException().Message}" : problem.Message;
            var level = failures == 1 ? LogLevel.Warning : LogLevel.Debug;
            log.Log(level, "Cannot subscribe at {Master}: {Reason}", options.Masters[next % options.Masters.Count], reason);
            next++;
        }
    }

    /// <summary>Subscribes, and stays so until the subscription ends.</summary>
    /// <exception cref="Exception">It has not come about.</exception>
    private async Task SubscribeAsync(long session, Uri master, CancellationToken cancellation)
    {
        var subscribed = false;
        string reason;
        try
        {
            reason = await ConverseAsync(session, master, () => subscribed = true, cancellation);
            if (!subscribed) throw new MasterException(reason);
        }
        catch (Exception e) when (subscribed && !cancellation.IsCancellationRequested)
        {
            reason = e.Message;
        }

        log.LogWarning("The subscription at {Master} has ended: {Reason}", master, reason);
        await sink(new MasterLost(session, master, reason), cancellation);
    }

    /// <returns>Why the subscription has ended.</returns>
    private async Task<string> ConverseAsync(long session, Uri master, Action onSubscribed, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var connecting = new CancellationTokenSource(ConnectTimeout, time);
        using var opening = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, connecting.Token);
        using var open = await MasterSession.OpenAsync(http, options, master, framework(), opening.Token);

        var outbox = new Outbox(session);
        var silence = new CancellationTokenSource(ConnectTimeout, time);
        var sending = Task.CompletedTask;
        try
        {
            var heartbeat = DefaultHeartbeat;
            using var stream = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, silence.Token);
            await using var events = open.ReadAsync(stream.Token).GetAsyncEnumerator(stream.Token);
            while (true)
            {
                var moving = events.MoveNextAsync().AsTask();
                if (await Task.WhenAny(moving, outbox.Broken.Task) != moving)
                {
                    await stream.CancelAsync();
                    try { await moving; }
                    catch (Exception) { /* it is the other end that counts */ }
                    return await outbox.Broken.Task;
                }

                try
                {
                    if (!await moving) return "the master closed the stream";
                }
                catch (Exception e) when (silence.IsCancellationRequested && !cancellation.IsCancellationRequested)
                {
                    return $"no heartbeat for {heartbeat * MissedHeartbeats}: {e.Message}";
                }

                var @event = events.Current;
                switch (@event.Type)
                {
                    case EventType.Subscribed:
                        heartbeat = @event.Subscribed!.HeartbeatIntervalSeconds is > 0 and { } seconds
                            ? TimeSpan.FromSeconds(Math.Min(seconds, 3_600))
                            : DefaultHeartbeat;
                        _outbox = outbox;
                        sending = SendAsync(open, outbox, ending.Token);
                        onSubscribed();
                        log.LogInformation("Subscribed at {Master} as framework {Framework}", open.Master,
                            @event.Subscribed.FrameworkId.Value);
                        await sink(new MasterSubscribed(session, open.Master, @event.Subscribed.FrameworkId), ending.Token);
                        break;
                    case EventType.Heartbeat or EventType.Unknown:
                        break;
                    default:
                        await sink(new MasterEvent(session, @event), ending.Token);
                        break;
                }

                silence.CancelAfter(heartbeat * MissedHeartbeats);
            }
        }
        finally
        {
            _outbox = null;
            outbox.Calls.Writer.TryComplete();
            await ending.CancelAsync();
            try { await sending; }
            catch (OperationCanceledException) { /* as asked */ }
            silence.Dispose();
        }
    }

    private async Task SendAsync(MasterSession open, Outbox outbox, CancellationToken cancellation)
    {
        await foreach (var call in outbox.Calls.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                using var patience = new CancellationTokenSource(CallTimeout, time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
                await open.CallAsync(call, both.Token);
            }
            catch (MasterException e) when (e.IsCallsFault)
            {
                // The rest of the session is sound. Whatever the call meant is repeated: kills and reconciliation by time.
                log.LogError("The master refuses a {Call}: {Reason}", call.Type, e.Message);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                outbox.Broken.TrySetResult($"a {call.Type} could not be delivered: {e.Message}");
                return;
            }
        }
    }

    private sealed class Outbox(long session)
    {
        public long Session { get; } = session;

        public Channel<SchedulerCall> Calls { get; } =
            Channel.CreateBounded<SchedulerCall>(new BoundedChannelOptions(MaxQueuedCalls) { SingleReader = true });

        public TaskCompletionSource<string> Broken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
