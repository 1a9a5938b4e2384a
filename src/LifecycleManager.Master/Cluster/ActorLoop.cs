using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The one logical thread that owns the master's state: actions run one after the other in the order of their posting, timers
/// among them.
/// </summary>
internal sealed class ActorLoop : IAsyncDisposable
{
    private const int Capacity = 65_536;

    // Beyond any machine's life, and within what timestamps can count.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(36_500);

    private readonly Channel<Work> _inbox = Channel.CreateBounded<Work>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly PriorityQueue<LoopTimer, long> _timers = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CappedTimer _alarm;
    private readonly Task _running;
    private readonly Action<Exception>? _failed;
    private long _alarmAt = long.MaxValue;
    private int _rang;
    private bool _stopped;

    public ActorLoop(TimeProvider time, ILogger log, Action<Exception>? failed = null)
    {
        _failed = failed;
        _time = time;
        _log = log;
        _alarm = new CappedTimer(time, Ring);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Actions waiting.</summary>
    public int Pending => _inbox.Reader.Count;

    /// <summary>Runs an action on the loop; waits while the inbox is full. Without effect after the end of the loop.</summary>
    public async ValueTask PostAsync(Action action)
    {
        try
        {
            await _inbox.Writer.WriteAsync(new Work(action));
        }
        catch (ChannelClosedException)
        {
            // The term is over; whatever this was about is the next leader's.
        }
    }

    /// <summary>Runs a function on the loop and gives its result.</summary>
    /// <exception cref="OperationCanceledException">The loop has ended.</exception>
    public async Task<T> AskAsync<T>(Func<T> function)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Run()
        {
            try
            {
                answer.SetResult(function());
            }
            catch (Exception problem)
            {
                answer.SetException(problem);
            }
        }

        try
        {
            await _inbox.Writer.WriteAsync(new Work(Run, () => answer.TrySetCanceled()));
        }
        catch (ChannelClosedException)
        {
            throw new OperationCanceledException("the master's term has ended");
        }

        return await answer.Task;
    }

    /// <summary>Runs an action after a time. Only to be called on the loop.</summary>
    public LoopTimer After(TimeSpan delay, Action action)
    {
        var timer = new LoopTimer(action);
        _timers.Enqueue(timer, _time.GetTimestamp() + (long)(Math.Clamp(delay.TotalSeconds, 0, MaxDelay.TotalSeconds) * _time.TimestampFrequency));
        return timer;
    }

    /// <summary>Takes no more actions and runs none after the present one.</summary>
    public void Stop()
    {
        Volatile.Write(ref _stopped, true);
        _inbox.Writer.TryComplete();
    }

    /// <summary>Ends the loop; actions still waiting are dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        Stop();
        await _running;
        await _alarm.DisposeAsync();
    }

    private void Ring()
    {
        Volatile.Write(ref _rang, 1);

        // A full inbox is no loss: the loop looks at its timers after each action.
        _inbox.Writer.TryWrite(new Work(static () => { }));
    }

    private async Task RunAsync()
    {
        while (await _inbox.Reader.WaitToReadAsync())
        {
            while (_inbox.Reader.TryRead(out var work))
            {
                if (Volatile.Read(ref _stopped))
                {
                    work.Abandon?.Invoke();
                    continue;
                }

                Run(work.Action);
                RunDue();
            }

            SetAlarm();
        }
    }

    private void RunDue()
    {
        if (_timers.Count == 0) return;
        var now = _time.GetTimestamp();
        while (_timers.TryPeek(out var timer, out var due) && (due <= now || timer.IsCancelled))
        {
            _timers.Dequeue();
            if (!timer.IsCancelled && !Volatile.Read(ref _stopped)) Run(timer.Action);
        }
    }

    private void SetAlarm()
    {
        if (!_timers.TryPeek(out _, out var due)) return;
        if (Interlocked.Exchange(ref _rang, 0) == 0 && due == _alarmAt) return;
        _alarmAt = due;
        _alarm.Set(TimeSpan.FromSeconds((due - _time.GetTimestamp()) / (double)_time.TimestampFrequency));
    }

    private void Run(Action action)
    {
        try
        {
            action();
        }
        catch (Exception problem)
        {
            _log.LogCritical(problem, "An action of the master failed");
            _failed?.Invoke(problem);
        }
    }

    private readonly record struct Work(Action Action, Action? Abandon = null);
}

/// <summary>An action that is to run later.</summary>
internal sealed class LoopTimer(Action action)
{
    public Action Action { get; } = action;

    public bool IsCancelled { get; private set; }

    public void Cancel() => IsCancelled = true;
}
