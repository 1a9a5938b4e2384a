namespace LifecycleManager.Testing;

/// <summary>
/// The machine's time, but for what a test does to it: the wall clock may jump to and fro, the monotonic clock forward, as after
/// a long wait, and timers may fail. For tests of what works in real time, as processes do; all others use
/// <see cref="SettableTime"/>.
/// </summary>
public sealed class JumpingTime : TimeProvider
{
    private readonly List<WeakReference<Timer>> _timers = [];
    private long _wallTicks;
    private long _passedTicks;

    public override DateTimeOffset GetUtcNow() =>
        System.GetUtcNow().AddTicks(Volatile.Read(ref _wallTicks) + Volatile.Read(ref _passedTicks));

    public override long GetTimestamp() =>
        System.GetTimestamp() + (long)(Volatile.Read(ref _passedTicks) * ((double)TimestampFrequency / TimeSpan.TicksPerSecond));

    /// <summary>Why a timer of this duration cannot be had; null where it can.</summary>
    public Func<TimeSpan, string?>? TimerFault { get; set; }

    /// <summary>Sets the wall clock forward, or back.</summary>
    public void JumpWall(TimeSpan by) => Interlocked.Add(ref _wallTicks, by.Ticks);

    /// <summary>So much time has passed.</summary>
    public void Add(TimeSpan time)
    {
        Interlocked.Add(ref _passedTicks, time.Ticks);
        lock (_timers)
        {
            foreach (var weak in _timers)
            {
                if (weak.TryGetTarget(out var timer)) timer.Pass(time);
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (TimerFault?.Invoke(dueTime) is { } fault) throw new InvalidOperationException(fault);
        var timer = new Timer(callback, state, dueTime, period);
        lock (_timers)
        {
            _timers.RemoveAll(weak => !weak.TryGetTarget(out _));
            _timers.Add(new WeakReference<Timer>(timer));
        }

        return timer;
    }

    private sealed class Timer : ITimer
    {
        private readonly Lock _gate = new();
        private readonly ITimer _timer;
        private TimeSpan _due;
        private TimeSpan _period;
        private long _setAt;
        private bool _isDisposed;

        public Timer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timer = System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                (_due, _period, _setAt) = (dueTime, period, System.GetTimestamp());
                return !_isDisposed && _timer.Change(dueTime, period);
            }
        }

        public void Pass(TimeSpan time)
        {
            lock (_gate)
            {
                if (_isDisposed || _due < TimeSpan.Zero) return;
                var left = _due - System.GetElapsedTime(_setAt);
                // One that has fired already is not fired again.
                if (left <= TimeSpan.Zero) return;
                Change(left > time ? left - time : TimeSpan.Zero, _period);
            }
        }

        public void Dispose()
        {
            lock (_gate) _isDisposed = true;
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            lock (_gate) _isDisposed = true;
            return _timer.DisposeAsync();
        }
    }
}
