using System.Collections.Concurrent;
using System.Threading.Channels;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Updates;

/// <summary>
/// Sends each task's oldest update, again with growing delay until it is acknowledged. Tasks do not wait for each other: their
/// calls are under way at the same time, one a task, so that a master learns a task's states in their order.
/// </summary>
internal sealed class UpdateSender(AgentOptions options, TimeProvider time, ILogger<UpdateSender> log)
{
    /// <summary>The most calls that are under way at once.</summary>
    public const int MaxAtOnce = 32;

    private readonly ConcurrentDictionary<(FrameworkId, TaskId), TaskUpdates> _tasks = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Told of each status that is to be told.</summary>
    public AgentCounts? Counts { get; init; }

    /// <summary>How many updates of all tasks are not acknowledged.</summary>
    public int Pending => _tasks.Values.Sum(task => task.Log?.Pending ?? 0);

    /// <summary>Takes care of a task's updates until it is removed.</summary>
    public void Add(FrameworkId framework, TaskId task, StatusLog updates)
    {
        var entry = _tasks.GetOrAdd((framework, task), static key => new TaskUpdates(key.Item1));
        entry.Log = updates;
        updates.NewHead += () =>
        {
            Counts?.Updated();
            entry.Reset();
            Wake();
        };
        entry.Reset();
        Wake();
    }

    /// <summary>Tells a status that the master should know, once; nobody acknowledges it.</summary>
    public void Repeat(FrameworkId framework, TaskStatusInfo status)
    {
        _tasks.GetOrAdd((framework, status.TaskId), static key => new TaskUpdates(key.Item1)).Repeat(status with { Uuid = null });
        Wake();
    }

    /// <summary>Forgets a task.</summary>
    public void Remove(FrameworkId framework, TaskId task) => _tasks.TryRemove((framework, task), out _);

    /// <summary>A master has just (re-)registered the agent: everything is sent anew, at once.</summary>
    public void SendAllAgain()
    {
        foreach (var task in _tasks.Values) task.Reset();
        Wake();
    }

    /// <summary>A framework is there again: what it was told meanwhile nobody has heard.</summary>
    public void SendAgain(FrameworkId framework)
    {
        foreach (var (key, task) in _tasks)
            if (key.Item1 == framework) task.Reset();
        Wake();
    }

    /// <summary>Runs until cancelled.</summary>
    /// <param name="send">Sends one call to the master; false when none has registered the agent, or it did not take it.</param>
    /// <param name="report">Where the loop tells its turns.</param>
    /// <param name="cancellation">Ends the loop.</param>
    public async Task RunAsync(
        Func<AgentCall, CancellationToken, Task<bool>> send, LoopReport report, CancellationToken cancellation)
    {
        var underWay = new List<Task>();
        try
        {
            while (true)
            {
                report.BeginTurn();
                var next = Begin(underWay, send, cancellation);
                report.EndTurn();
                using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await Task.WhenAny(
                    [_wake.Reader.WaitToReadAsync(wait.Token).AsTask(), Task.Delay(next, time, wait.Token), .. underWay]);
                await wait.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
                _wake.Reader.TryRead(out _);
                foreach (var ended in underWay.Where(call => call.IsCompleted).ToList())
                {
                    underWay.Remove(ended);
                    await ended;
                }
            }
        }
        finally
        {
            await Task.WhenAll(underWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Begins what is due, news before repetitions, as many as may be under way.</summary>
    /// <returns>Until something is due.</returns>
    private TimeSpan Begin(List<Task> underWay, Func<AgentCall, CancellationToken, Task<bool>> send,
        CancellationToken cancellation)
    {
        var now = time.GetTimestamp();
        var next = options.MaxUpdateRetry;
        foreach (var (key, task, wait) in _tasks.Select(task => (task.Key, task.Value, Wait: task.Value.Wait(now, time)))
            .Where(task => task.Wait is not null).OrderBy(task => task.Wait).ToList())
        {
            if (wait > TimeSpan.Zero)
            {
                // What is begun now is due again later than that.
                next = wait.Value < next ? wait.Value : next;
                break;
            }

            if (underWay.Count == MaxAtOnce) break;
            if (task.Take(now, options) is { } call) underWay.Add(SendAsync(key, task, call, send, cancellation));
        }

        return next;
    }

    private async Task SendAsync(
        (FrameworkId, TaskId) key, TaskUpdates task, StatusUpdateCall update, Func<AgentCall, CancellationToken, Task<bool>> send,
        CancellationToken cancellation)
    {
        try
        {
            var sent = await send(new AgentCall { Type = AgentCallType.Update, Update = update }, cancellation);
            if (sent) log.LogDebug("Sent {State} of {Task}", update.Status.State, update.Status.TaskId.Value);
            else log.LogDebug("{State} of {Task} waits for a master", update.Status.State, update.Status.TaskId.Value);
        }
        finally
        {
            // One that was only there to be told once is told.
            if (task.Sent()) _tasks.TryRemove(new KeyValuePair<(FrameworkId, TaskId), TaskUpdates>(key, task));
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>The updates of one task, of which at most one is under way.</summary>
    private sealed class TaskUpdates(FrameworkId framework)
    {
        private readonly Lock _gate = new();
        private TaskStatusInfo? _repeated;
        private bool _isUnderWay;
        private long? _sentAt;
        private TimeSpan _delay;

        /// <summary>What is told until it is acknowledged; null where nothing is.</summary>
        public StatusLog? Log { get; set; }

        /// <summary>The oldest update is due at once.</summary>
        public void Reset()
        {
            lock (_gate) (_sentAt, _delay) = (null, TimeSpan.Zero);
        }

        public void Repeat(TaskStatusInfo status)
        {
            lock (_gate) _repeated = status;
        }

        /// <summary>
        /// Until something is due, the least of all where it is news; null while nothing is, or a call is under way.
        /// </summary>
        public TimeSpan? Wait(long now, TimeProvider time)
        {
            var head = Log?.Head;
            lock (_gate)
            {
                if (_isUnderWay || (head is null && _repeated is null)) return null;
                return head is null || _sentAt is not { } sent ? TimeSpan.MinValue
                    : _repeated is null ? _delay - time.GetElapsedTime(sent, now) : TimeSpan.Zero;
            }
        }

        /// <summary>What is to be sent now; null where it was acknowledged meanwhile.</summary>
        public StatusUpdateCall? Take(long now, AgentOptions options)
        {
            // Not under the lock: whoever adds to the log holds the log's own, and resets this.
            var (head, latest) = (Log?.Head, Log?.Latest);
            lock (_gate)
            {
                if (head is not null)
                {
                    // The delay is set before the call, so that a new head meanwhile is not delayed by it.
                    _delay = _delay == TimeSpan.Zero ? options.UpdateRetry
                        : _delay * 2 > options.MaxUpdateRetry ? options.MaxUpdateRetry : _delay * 2;
                    // What waits for its acknowledgement tells more than a repetition.
                    (_isUnderWay, _sentAt, _repeated) = (true, now, null);
                    return new StatusUpdateCall(framework, head, latest!.State);
                }

                if (_repeated is not { } repeated) return null;
                (_isUnderWay, _repeated) = (true, null);
                return new StatusUpdateCall(framework, repeated, repeated.State);
            }
        }

        /// <summary>The call has ended.</summary>
        /// <returns>Whether there is nothing to be told any more.</returns>
        public bool Sent()
        {
            lock (_gate)
            {
                _isUnderWay = false;
                return Log is null && _repeated is null;
            }
        }
    }
}
