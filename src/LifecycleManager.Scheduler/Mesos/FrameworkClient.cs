using System.Net;
using System.Threading.Channels;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Reconnecting;
using LifecycleManager.Scheduler.Core.Inputs;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Mesos;

/// <summary>
/// Keeps a subscription at the leading master: tries the known addresses in turn, follows redirects, and subscribes anew when the
/// stream ends, when heartbeats fail to come or when a call cannot be delivered. Events go to one sink in order; calls are sent
/// one after another, since Mesos orders them by their arrival.
/// </summary>
internal sealed class FrameworkClient(
    MasterHttp http,
    SchedulerOptions options,
    TimeProvider time,
    Random random,
    ILogger<FrameworkClient> log,
    Func<FrameworkInfo> framework,
    Func<MasterSignal, CancellationToken, ValueTask> sink)
{
    // A master that takes calls more slowly than this many behind is as good as gone. What they launch refers to the definitions
    // of the apps, which are there once: the memory of a waiting call is that of the instances' records.
    private const int MaxQueuedCalls = 65_536;
    private const int MissedHeartbeats = 3;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromSeconds(15);

    private readonly MasterClient<SchedulerCall, SchedulerEvent> _masters = new(
        http, AddressList.Of(options.Masters, options.MasterDirectory), "/api/v1/scheduler", MesosJson.Default.SchedulerCall,
        MesosJson.Default.SchedulerEvent, time);

    private long _session;
    private volatile Outbox? _outbox;

    /// <summary>How many calls wait until the master has taken those before them.</summary>
    public int Waiting => _outbox?.Calls.Reader.Count ?? 0;

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
        var subscribing = Reconnect.Pipeline(FirstPause, LongestPause, time, random, Failed);
        while (true)
        {
            await subscribing.ExecuteAsync(async token => await SubscribeAsync(++_session, token), cancellation);

            // Schedulers do not return to a restarted master in step.
            await time.DelayAsync(FirstPause * (1 + random.NextDouble()), cancellation);
        }

        void Failed(Exception problem, int failures, TimeSpan pause) =>
            log.Log(failures == 1 ? LogLevel.Warning : LogLevel.Debug, "Cannot subscribe at {Master}: {Reason}", _masters.Asked,
                Failures.Describe(problem));
    }

    /// <summary>Subscribes, and stays so until the subscription ends.</summary>
    /// <exception cref="Exception">It has not come about.</exception>
    private async Task SubscribeAsync(long session, CancellationToken cancellation)
    {
        var subscribed = false;
        string reason;
        try
        {
            reason = await ConverseAsync(session, () => subscribed = true, cancellation);
            if (!subscribed) throw new IOException(reason);
        }
        catch (Exception e) when (subscribed && !cancellation.IsCancellationRequested)
        {
            reason = e.Message;
        }

        log.LogWarning("The subscription at {Master} has ended: {Reason}", _masters.Asked, reason);
        await sink(new MasterLost(session, _masters.Asked, reason), cancellation);
    }

    /// <returns>Why the subscription has ended.</returns>
    private async Task<string> ConverseAsync(long session, Action onSubscribed, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var info = framework();
        var subscribe =
            new SchedulerCall { Type = CallType.Subscribe, FrameworkId = info.Id, Subscribe = new SubscribeCall(info) };
        using var open = await _masters.OpenAsync(subscribe, ConnectTimeout, cancellation);

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

    private async Task SendAsync(
        MasterStream<SchedulerCall, SchedulerEvent> open, Outbox outbox, CancellationToken cancellation)
    {
        await foreach (var call in outbox.Calls.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                using var limit = new TimeLimit(time, CallTimeout, cancellation);
                await open.SendAsync(call, limit.Token);
            }
            catch (MasterRefusalException e) when (IsOfTheCall(e))
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

    // The call itself is wrong, rather than the session: another subscription would not help.
    private static bool IsOfTheCall(MasterRefusalException refusal) => refusal.Status == HttpStatusCode.BadRequest
        && !refusal.Reason.Contains("not subscribed", StringComparison.OrdinalIgnoreCase)
        && !refusal.Reason.Contains("Stream-Id", StringComparison.OrdinalIgnoreCase);

    private sealed class Outbox(long session)
    {
        public long Session { get; } = session;

        public Channel<SchedulerCall> Calls { get; } =
            Channel.CreateBounded<SchedulerCall>(new BoundedChannelOptions(MaxQueuedCalls) { SingleReader = true });

        public TaskCompletionSource<string> Broken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
