using System.Collections.Concurrent;
using System.Threading.Channels;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Updates;

/// <summary>
/// Sends each task's oldest update, again with growing delay until it is acknowledged. Tasks do not wait for each other.
/// </summary>
internal sealed class UpdateSender(AgentOptions options, TimeProvider time, ILogger<UpdateSender> log)
{
    private readonly ConcurrentDictionary<(FrameworkId, TaskId), Entry> _entries = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>How many updates of all tasks are not acknowledged.</summary>
    public int Pending => _entries.Values.Sum(entry => entry.Log.Pending);

    /// <summary>Takes care of a task's updates until its terminal one is acknowledged.</summary>
    public void Add(FrameworkId framework, TaskId task, StatusLog updates)
    {
        var entry = new Entry(framework, updates);
        updates.NewHead += () =>
        {
            entry.Reset();
            Wake();
        };
        _entries[(framework, task)] = entry;
        Wake();
    }

    /// <summary>Forgets a task.</summary>
    public void Remove(FrameworkId framework, TaskId task) => _entries.TryRemove((framework, task), out _);

    /// <summary>A master has just (re-)registered the agent: everything is sent anew, at once.</summary>
    public void SendAllAgain()
    {
        foreach (var entry in _entries.Values) entry.Reset();
        Wake();
    }

    /// <summary>Runs until cancelled.</summary>
    /// <param name="send">Sends one call to the master; false when none has registered the agent.</param>
    /// <param name="cancellation">Ends the loop.</param>
    public async Task RunAsync(Func<AgentCall, CancellationToken, Task<bool>> send, CancellationToken cancellation)
    {
        while (true)
        {
            var now = time.GetTimestamp();
            var next = options.MaxUpdateRetry;
            foreach (var entry in _entries.Values)
            {
                if (entry.Log.Head is not { } head) continue;
                var wait = entry.Wait(now, time);
                if (wait <= TimeSpan.Zero)
                {
                    var call = new AgentCall
                    {
                        Type = AgentCallType.Update,
                        Update = new StatusUpdateCall(entry.Framework, head, entry.Log.Latest!.State),
                    };
                    // The delay is set before the call, so that a new head meanwhile is not delayed by it.
                    wait = entry.Sent(time.GetTimestamp(), options);
                    if (!await send(call, cancellation)) log.LogDebug("The update of {Task} waits for a master", head.TaskId.Value);
                    else log.LogDebug("Sent {State} of {Task}", head.State, head.TaskId.Value);
                }

                if (wait < next) next = wait;
            }

            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(_wake.Reader.WaitToReadAsync(timer.Token).AsTask(), Task.Delay(next, time, timer.Token));
            await timer.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            _wake.Reader.TryRead(out _);
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private sealed class Entry(FrameworkId framework, StatusLog log)
    {
        private readonly Lock _gate = new();
        private long? _sent;
        private TimeSpan _delay;

        public FrameworkId Framework => framework;

        public StatusLog Log => log;

        public void Reset()
        {
            lock (_gate) (_sent, _delay) = (null, TimeSpan.Zero);
        }

        public TimeSpan Wait(long now, TimeProvider time)
        {
            lock (_gate) return _sent is { } sent ? _delay - time.GetElapsedTime(sent, now) : TimeSpan.Zero;
        }

        public TimeSpan Sent(long now, AgentOptions options)
        {
            lock (_gate)
            {
                _sent = now;
                _delay = _delay == TimeSpan.Zero ? options.UpdateRetry
                    : _delay * 2 > options.MaxUpdateRetry ? options.MaxUpdateRetry : _delay * 2;
                return _delay;
            }
        }
    }
}
